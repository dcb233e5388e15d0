package takeback

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/watch"
)

// Guard looks at protected names while the command runs. What the command made is taken
// away; what a program of the host made stays, and becomes read-only inside. The guard only
// shortens the time for which the command's names exist: the sweep at the end is certain.
type Guard struct {
	Guarded
	timer *time.Timer

	mu      sync.Mutex
	over    bool
	removes []func()
	calm    calm
	gone    map[string]bool // pinned names that the host has removed
	taken   []time.Time     // when names of the command were taken away
	result  Result
	looking *time.Timer // the next look at a name that may become unwanted
	calming *time.Timer // the next look at the threads
	each    *time.Timer // the next look at the folders without a watch
}

// Guarded is what a guard watches, and how the guard acts.
type Guarded struct {
	Folders []Folder
	Pinned  []string // names that are read-only inside
	Names   Names
	Tree    Tree
	Taker   Taker
	Note    *Note
}

// Names are the functions that judge the names of a folder: the given name, or all for "".
type Names struct {
	Unwanted func(dir, name string) []string
	Growing  func(dir, name string) string // a name that is to be looked at again and again, "" for none
}

// Tree are the functions about the command's tree.
type Tree struct {
	Idle func() (account string, ok bool) // an account that stays the same as long as no process runs; nil where nobody can tell
	Pin  func(dir, name string) error     // makes a name read-only inside
	End  func()
}

// Result is what a guard has done.
type Result struct {
	Back []Back
	Host []string // names that programs of the host made meanwhile, which stay
	News []string // those of Host that the command may have changed before they were pinned
	Why  string   // why the guard ended the tree; "" for not
}

// calm is a moment at which no process of the tree ran, with the names of that moment.
type calm struct {
	account string
	ok      bool
	names   map[string]bool // full paths
}

// guardAfter is how long a command lives before the guard watches: most commands end
// earlier, and the sweep is as quick for them.
const guardAfter = 100 * time.Millisecond

// lookCalm is the time between two looks at the threads.
const lookCalm = 2 * time.Second

// mostDenied is how many names a command may make within deniedWithin before the guard ends
// the tree.
const (
	mostDenied   = 3
	deniedWithin = 10 * time.Second
)

// mostWatched is how many folders a guard watches: the instance is shared by all commands.
const mostWatched = 1024

// NewGuard begins to watch.
func NewGuard(w *watch.Watch, what Guarded) *Guard {
	g := &Guard{Guarded: what, gone: map[string]bool{}}
	if len(what.Folders) > 0 {
		g.timer = time.AfterFunc(guardAfter, func() { g.begin(w) })
	}
	return g
}

func (g *Guard) begin(w *watch.Watch) {
	if errors.Is(w.Open(), errors.ErrUnsupported) {
		return
	}
	watched := 0
	var without []Folder // folders without a watch
	add := func(dir string, tell func(watch.Change)) bool {
		if watched++; watched > mostWatched {
			return false
		}
		remove, err := w.Add(dir, tell)
		if err != nil {
			return false // too many watches, or the folder is gone
		}
		if !g.keep(remove) {
			remove()
			return false
		}
		return true
	}
	guarded := map[string]bool{}
	for _, f := range g.Folders {
		guarded[f.Dir] = true
		if !add(f.Dir, func(c watch.Change) { g.changed(f, c) }) {
			without = append(without, f)
		}
		g.came(f, "") // names from before the watch
	}
	for _, name := range g.Pinned {
		dir := filepath.Dir(name)
		if guarded[dir] {
			continue
		}
		guarded[dir] = true
		f := Folder{Dir: dir, Root: g.rootOf(dir)}
		if !add(dir, func(c watch.Change) { g.changedBeside(f, c) }) {
			break
		}
	}
	g.lookAtThreads()
	g.lookAtEach(without)
}

// eachAfter is the least time between two looks at a folder without a watch. The looks take
// one mostLooking-th of the time at most.
const eachAfter = 5 * time.Millisecond

// lookAtEach looks again and again at folders without a watch: the programs of a user can
// use up what they share, before the start or beside it.
func (g *Guard) lookAtEach(folders []Folder) {
	if len(folders) == 0 {
		return
	}
	begun := time.Now()
	for _, f := range folders {
		g.came(f, "")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.over {
		g.each = time.AfterFunc(max(eachAfter, mostLooking*time.Since(begun)), func() { g.lookAtEach(folders) })
	}
}

// rootOf returns the writable root of a folder.
func (g *Guard) rootOf(dir string) (root string) {
	for _, f := range g.Folders {
		if trail.Within(dir, f.Root) && len(f.Root) > len(root) {
			root = f.Root
		}
	}
	return root
}

// keep reports whether the guard goes on.
func (g *Guard) keep(remove func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.over {
		g.removes = append(g.removes, remove)
	}
	return !g.over
}

// lookAtThreads looks again and again whether the tree runs: what comes while it doesn't run
// is the host's.
func (g *Guard) lookAtThreads() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over || g.Tree.Idle == nil {
		return
	}
	g.look()
	g.calming = time.AfterFunc(lookCalm, g.lookAtThreads)
}

// look notes a moment without a running process: first the threads, then the names. A name
// that came between the two counts as the command's.
func (g *Guard) look() {
	account, ok := g.Tree.Idle()
	if ok && g.calm.ok && account == g.calm.account {
		return // nothing has run since
	}
	g.calm = calm{account, ok, map[string]bool{}}
	if !ok {
		return
	}
	for _, f := range g.Folders {
		entries, err := os.ReadDir(f.Dir)
		if err != nil {
			g.calm.ok = false
			return
		}
		for _, e := range entries {
			g.calm.names[filepath.Join(f.Dir, e.Name())] = true
		}
	}
}

// isCalm reports whether no process of the tree has run since the noted moment.
func (g *Guard) isCalm() bool {
	if !g.calm.ok {
		return false
	}
	account, ok := g.Tree.Idle()
	return ok && account == g.calm.account
}

// changed handles a change of the names of a guarded folder.
func (g *Guard) changed(f Folder, c watch.Change) {
	if !g.changedBeside(f, c) && !c.Gone {
		g.came(f, c.Name)
	}
}

// changedBeside handles a change of a pinned name, and reports whether the name is pinned.
func (g *Guard) changedBeside(f Folder, c watch.Change) (pinned bool) {
	full := filepath.Join(f.Dir, c.Name)
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.Name == "" || !slices.Contains(g.Pinned, full) {
		return false
	}
	switch {
	case g.over:
	case c.Gone:
		g.gone[full] = true // by the host: inside, nobody can remove the name
		g.Note.add(f, c.Name)
	case g.gone[full] && !g.isCalm():
		delete(g.gone, full)
		g.take(f, full)
	default:
		// A rename onto the name, or a new file while no process ran: the host's.
		delete(g.gone, full)
		g.stays(f.Dir, full)
	}
	return true
}

// came handles a name of a folder, or every unwanted name for "".
func (g *Guard) came(f Folder, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	begun := time.Now()
	names := g.Names.Unwanted(f.Dir, name)
	for _, full := range names {
		if !g.isHosts(f, full) {
			g.take(f, full)
		}
	}
	if len(names) > 0 && g.Tree.Idle != nil {
		g.look()
	}
	if growing := g.Names.Growing(f.Dir, name); growing != "" && !slices.Contains(names, growing) && !g.isHosts(f, growing) {
		g.again(f, name, max(lookAgain, mostLooking*time.Since(begun)))
	}
}

// isHosts reports whether a program of the host has made a name. Such a name is pinned.
func (g *Guard) isHosts(f Folder, full string) bool {
	return slices.Contains(g.result.Host, full) || !g.calm.names[full] && g.isCalm() && g.stays(f.Dir, full)
}

// stays pins a name that the host has made. A process that ran before the pin may have
// changed what is there: that is told.
func (g *Guard) stays(dir, full string) bool {
	calm := g.isCalm()
	if g.Tree.Pin == nil || g.Tree.Pin(dir, filepath.Base(full)) != nil {
		return false
	}
	if !slices.Contains(g.result.Host, full) {
		g.result.Host = append(g.result.Host, full)
	}
	if !slices.Contains(g.Pinned, full) {
		g.Pinned = append(slices.Clone(g.Pinned), full)
	}
	g.Note.drop(full)
	if (!calm || !g.isCalm()) && !slices.Contains(g.result.News, full) {
		g.result.News = append(g.result.News, full)
	}
	return true
}

// take takes away a name of the command. A command that goes on making names is ended.
func (g *Guard) take(f Folder, full string) {
	back, err := g.Taker.Take(Name{Root: f.Root, Path: full, ID: f.ID}, len(g.result.Back)+1) // a name may come again
	if err != nil {
		return
	}
	g.result.Back = append(g.result.Back, back)
	now := time.Now()
	g.taken = append(slices.DeleteFunc(g.taken, func(at time.Time) bool { return now.Sub(at) > deniedWithin }), now)
	if len(g.taken) == mostDenied {
		g.result.Why = fmt.Sprintf("it made names that programs of the host trust %d times within %v, the last was %s", mostDenied, deniedWithin, full)
		g.Tree.End()
	}
}

// A name that is looked at again and again is looked at after lookAgain; the looks take
// one mostLooking-th of the time at most.
const (
	lookAgain   = 200 * time.Millisecond
	mostLooking = 20
)

// again is for a caller that holds mu. One timer is enough: every look is at all names.
func (g *Guard) again(f Folder, name string, after time.Duration) {
	if g.looking == nil {
		g.looking = time.AfterFunc(after, func() { g.came(f, name) })
		return
	}
	g.looking.Reset(after)
}

// Stop ends the watch, and returns what the guard has done.
func (g *Guard) Stop() Result {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.mu.Lock()
	g.over = true
	for _, timer := range []*time.Timer{g.looking, g.calming, g.each} {
		if timer != nil {
			timer.Stop()
		}
	}
	removes := g.removes
	g.mu.Unlock()
	for _, remove := range removes { // without the lock: an event may be on the way
		remove()
	}
	return g.result
}
