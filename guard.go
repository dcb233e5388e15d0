package lockstile

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/survey"
	"github.com/lockstile/lockstile/internal/watch"
	"github.com/lockstile/lockstile/policy"
)

// guard takes trusted names back while the command that makes them runs. It only
// shortens the time for which they are there: what is certain is the sweep at the end.
type guard struct {
	trusted *survey.Trusted
	suffix  string
	end     func() // of the tree
	timer   *time.Timer

	mu      sync.Mutex
	over    bool
	removes []func()
	back    []survey.Back
}

// guardAfter is how long a command lives before it is watched: most don't, and the
// sweep comes as soon.
const guardAfter = 100 * time.Millisecond

// mostDenied is how often a command may try before its tree is ended.
const mostDenied = 3

// newGuard begins to watch, where there is something to watch for.
func newGuard(w *watch.Watch, trusted *survey.Trusted, suffix string, end func()) *guard {
	g := &guard{trusted: trusted, suffix: suffix, end: end}
	if len(trusted.Absent) > 0 {
		g.timer = time.AfterFunc(guardAfter, func() { g.begin(w) })
	}
	return g
}

func (g *guard) begin(w *watch.Watch) {
	for _, a := range g.trusted.Absent {
		remove, err := w.Add(a.Dir, func(name string) { g.came(a.Dir, name) })
		if err != nil {
			return // too many watches, or the folder is gone: the sweep is left
		}
		if !g.keep(remove) {
			remove()
			return
		}
		g.came(a.Dir, "") // before it was watched
	}
}

// keep reports whether the guard goes on.
func (g *guard) keep(remove func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.over {
		g.removes = append(g.removes, remove)
	}
	return !g.over
}

// came takes back a name of a folder, or each that is there and must not be for "".
func (g *guard) came(dir, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	for _, full := range g.trusted.Unwanted(dir, name) {
		// Never as the init would, who replaces nothing: the name may come again.
		back, err := g.trusted.TakeBack(full, fmt.Sprintf("%s-%d", g.suffix, len(g.back)+1))
		if err != nil {
			continue
		}
		if g.back = append(g.back, back); len(g.back) == mostDenied {
			g.end()
		}
	}
}

// stop ends the watch, and gives what was taken back.
func (g *guard) stop() []survey.Back {
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

// notesIn is where the starts of a workspace note what is to be taken back.
func notesIn(private string) string { return filepath.Join(private, "notes") }

// takeNote writes down what the command may write, and what is to be taken back for the
// case that all processes of the start are killed at once.
func takeNote(i *intent) (*survey.Note, error) {
	if err := i.trusted.KeepRoots(i.private); err != nil {
		return nil, privateRefused(i.private, err)
	}
	note, err := i.trusted.Note(notesIn(i.private), i.command.Denied)
	if err != nil {
		return nil, privateRefused(notesIn(i.private), err)
	}
	return note, nil
}

// recover takes back what starts of the same workspace have left that were so killed.
func (g *Gate) recover(p policy.Policy) error {
	if p.Mode != policy.ModeWorkspaceWrite {
		return nil
	}
	back := survey.Recover(notesIn(privatePath(g.home.real, p)))
	if len(back) == 0 {
		return nil
	}
	line := recoveryLine{Event: "recovery", Workspace: redact.Text(p.Workspace), By: os.Getpid()}
	for _, b := range back {
		line.Denied = append(line.Denied, b.Path)
	}
	_, err := g.log.Append(line)
	return err
}

// endTree has the command's group killed, with which the init ends the rest.
func (c *Child) endTree() { _ = c.running.Signal(syscall.SIGKILL) }
