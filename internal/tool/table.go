package tool

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/session"
)

const (
	// defaultMax is how many sessions are kept where the policy doesn't say.
	defaultMax = 64
	// newest is how many of them, the last to be started, are never evicted.
	newest = 8
	// Numbers of sessions: five digits at most, as models know them.
	leastID, mostID = 1000, 99999
)

// entry is a session in the table.
type entry struct {
	id      int
	session *session.Session
	what    string // its command, for who is told of its eviction
	dir     string // where it began

	escalated bool   // it left the sandbox
	calls     int    // that wait for it now
	used      uint64 // when it was last asked for, by the table's own count
	started   uint64
}

// table holds the sessions by their numbers.
type table struct {
	max   int
	mu    sync.Mutex
	clock uint64
	live  []*entry
	gone  []gone // not to be used again yet
}

// gone is a number that was in use, and why it is no more.
type gone struct {
	id  int
	why string
}

const (
	hasEnded  = "it has ended, and its end was told"
	madeRoom  = "it was ended to make room for newer ones"
	isUnknown = "there never was such a session"
)

// add keeps a session and gives it a number, and names what had to go for it.
func (t *table) add(e entry) (id int, evicted *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.live) >= t.max {
		evicted = t.evictable()
		t.drop(evicted.id, madeRoom)
	}
	t.clock++
	e.id, e.used, e.started, e.calls = t.freeID(), t.clock, t.clock, 1
	t.live = append(t.live, &e)
	return e.id, evicted
}

// evictable is who goes first: who has ended, then who was not asked for the
// longest time; the newest stay, and whom a call waits for while there is another.
func (t *table) evictable() *entry {
	byAge := slices.SortedFunc(slices.Values(t.live), func(a, b *entry) int { return int(a.started) - int(b.started) })
	old := byAge[:len(byAge)-newest]
	return slices.MinFunc(old, func(a, b *entry) int {
		_, aOver, _ := a.session.Exit()
		_, bOver, _ := b.session.Exit()
		switch {
		case aOver && !bOver:
			return -1
		case bOver && !aOver:
			return 1
		case a.calls != b.calls && (a.calls == 0 || b.calls == 0):
			return a.calls - b.calls
		}
		return int(a.used) - int(b.used)
	})
}

// freeID is random, so that a number which a model still has in mind from
// before is not by chance another session's.
func (t *table) freeID() int {
	for {
		id := leastID + rand.IntN(mostID-leastID+1)
		taken := slices.ContainsFunc(t.live, func(e *entry) bool { return e.id == id })
		if !taken && !slices.ContainsFunc(t.gone, func(g gone) bool { return g.id == id }) {
			return id
		}
	}
}

// get gives a session, for a call that says when it has left, or why there is none.
func (t *table) get(id int) (e entry, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if e.id == id {
			t.clock++
			e.used = t.clock
			e.calls++
			return *e, ""
		}
	}
	for _, g := range t.gone {
		if g.id == id {
			return entry{}, g.why
		}
	}
	return entry{}, isUnknown
}

// left says that a call which added or got a session waits for it no more.
func (t *table) left(id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if e.id == id {
			e.calls--
		}
	}
}

func (t *table) remove(id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(id, hasEnded)
}

// recently is how many numbers are kept from being used again.
const recently = 1000

func (t *table) drop(id int, why string) {
	before := len(t.live)
	t.live = slices.DeleteFunc(t.live, func(e *entry) bool { return e.id == id })
	if len(t.live) == before {
		return // gone already
	}
	t.gone = append(t.gone, gone{id, why})
	if len(t.gone) > recently {
		t.gone = t.gone[1:]
	}
}

// end ends all sessions, all at the same time.
func (t *table) end() error {
	t.mu.Lock()
	all := t.live
	t.live = nil
	t.mu.Unlock()
	errs := make(chan error, len(all))
	for _, e := range all {
		go func() { errs <- e.session.End() }()
	}
	var failed []error
	for range all {
		failed = append(failed, <-errs)
	}
	return errors.Join(failed...)
}

// userShell is the caller's own shell where it is set.
func userShell(environ []string) string {
	for _, e := range environ {
		if shell, ok := strings.CutPrefix(e, "SHELL="); ok && strings.HasPrefix(shell, "/") {
			return shell
		}
	}
	return "/bin/sh"
}
