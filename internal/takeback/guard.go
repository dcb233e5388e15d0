package takeback

import (
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/watch"
)

// Guard takes protected names back while the command runs. The guard only shortens the
// time for which the names exist: the sweep at the end is certain.
type Guard struct {
	folders []Folder
	names   Names
	taker   Taker
	end     func() // ends the tree
	timer   *time.Timer

	mu      sync.Mutex
	over    bool
	removes []func()
	back    []Back
	looking *time.Timer // the next look at a name that may become unwanted
}

// guardAfter is how long a command lives before the guard watches: most commands end
// earlier, and the sweep is as quick for them.
const guardAfter = 100 * time.Millisecond

// mostDenied is how many names a command may make before the guard ends the tree.
const mostDenied = 3

// Names are the functions that judge the names of a folder: the given name, or all for "".
type Names struct {
	Unwanted func(dir, name string) []string
	Again    func(dir, name string) bool // whether the name is to be looked at again and again
}

// NewGuard begins to watch folders. After mostDenied names the guard calls end.
func NewGuard(w *watch.Watch, folders []Folder, names Names, taker Taker, end func()) *Guard {
	g := &Guard{folders: folders, names: names, taker: taker, end: end}
	if len(folders) > 0 {
		g.timer = time.AfterFunc(guardAfter, func() { g.begin(w) })
	}
	return g
}

func (g *Guard) begin(w *watch.Watch) {
	for _, f := range g.folders {
		remove, err := w.Add(f.Dir, func(name string) { g.came(f, name) })
		if err != nil {
			return // too many watches, or the folder is gone: the sweep is left
		}
		if !g.keep(remove) {
			remove()
			return
		}
		g.came(f, "") // names from before the watch
	}
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

// came takes back a name of a folder, or every unwanted name for "".
func (g *Guard) came(f Folder, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	begun := time.Now()
	for _, full := range g.names.Unwanted(f.Dir, name) {
		back, err := g.taker.Take(Name{Root: f.Root, Path: full, ID: f.ID}, len(g.back)+1) // a name may come again
		if err != nil {
			continue
		}
		if g.back = append(g.back, back); len(g.back) == mostDenied {
			g.end()
		}
	}
	if g.names.Again(f.Dir, name) {
		g.again(f, name, max(lookAgain, mostLooking*time.Since(begun)))
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

// Stop ends the watch, and returns the names taken back.
func (g *Guard) Stop() []Back {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.mu.Lock()
	g.over = true
	if g.looking != nil {
		g.looking.Stop()
	}
	removes := g.removes
	g.mu.Unlock()
	for _, remove := range removes { // without the lock: an event may be on the way
		remove()
	}
	return g.back
}
