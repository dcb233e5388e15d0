package takeback

import (
	"fmt"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/watch"
)

// Guard takes protected names back while the command that makes them runs. The guard only
// shortens the time for which the names are there: the sweep at the end is certain.
type Guard struct {
	folders  []Folder
	unwanted func(dir, name string) []string
	suffix   string
	end      func() // of the tree
	timer    *time.Timer

	mu      sync.Mutex
	over    bool
	removes []func()
	back    []Back
}

// guardAfter is how long a command lives before it is watched: most don't, and the
// sweep comes as soon.
const guardAfter = 100 * time.Millisecond

// mostDenied is how often a command may try before its tree is ended.
const mostDenied = 3

// NewGuard begins to watch folders. unwanted lists the names of a folder that must not be
// there: the given name, or any for "". A command that tries too often has end called.
func NewGuard(w *watch.Watch, folders []Folder, unwanted func(dir, name string) []string, suffix string, end func()) *Guard {
	g := &Guard{folders: folders, unwanted: unwanted, suffix: suffix, end: end}
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
		g.came(f, "") // before it was watched
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

// came takes back a name of a folder, or each that is there and must not be for "".
func (g *Guard) came(f Folder, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	for _, full := range g.unwanted(f.Dir, name) {
		// Never as the init would, who replaces nothing: the name may come again.
		back, err := Rename(Name{f.Root, full}, fmt.Sprintf("%s-%d", g.suffix, len(g.back)+1))
		if err != nil {
			continue
		}
		if g.back = append(g.back, back); len(g.back) == mostDenied {
			g.end()
		}
	}
}

// Stop ends the watch, and returns what was taken back.
func (g *Guard) Stop() []Back {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.mu.Lock()
	g.over = true
	removes := g.removes
	g.mu.Unlock()
	for _, remove := range removes { // without the lock: an event may be on its way
		remove()
	}
	return g.back
}
