package session

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	// usual is how many sessions are kept where nobody says.
	usual = 64
	// newest is how many of them, the last to be started, are never evicted.
	newest = 8
	// Numbers of sessions: five digits at most, as models know them.
	leastID, mostID = 1000, 99999
)

// Entry is a session in a table.
type Entry struct {
	*Session
	ID        int
	Command   string    // for people to know it by
	Dir       string    // where it began
	Escalated bool      // it left the sandbox
	Begun     time.Time // when it was added

	calls int    // that wait for it now
	used  uint64 // when it was last asked for, by the table's own count
}

// Table keeps sessions by numbers, and makes room for new ones. It may be used by
// several goroutines.
type Table struct {
	most  int
	mu    sync.Mutex
	clock uint64
	live  []*Entry // the oldest first
	gone  []gone   // not to be used again yet
}

// NewTable makes a table for so many sessions, 64 where most is 8 or less: the 8
// newest always stay.
func NewTable(most int) *Table {
	if most <= newest {
		most = usual
	}
	return &Table{most: most}
}

// Most is how many sessions are kept.
func (t *Table) Most() int { return t.most }

// UnknownError says that no session has the number.
type UnknownError struct {
	ID  int
	Why string // it has ended, made room, or never was
}

func (e *UnknownError) Error() string { return fmt.Sprintf("unknown session id %d: %s", e.ID, e.Why) }

// gone is a number that was in use, and why it is no more.
type gone struct {
	id  int
	why string
}

const (
	hasEnded = "it has ended, and its end was told"
	madeRoom = "it was ended to make room for newer ones"
	neverWas = "there never was such a session"
)

// Add keeps a session, for a call that says with Left when it waits for it no
// more, and gives it a number. What had to go for it has been ended.
func (t *Table) Add(e Entry) (id int, evicted *Entry) {
	id, evicted = t.add(e)
	if evicted != nil {
		_ = evicted.End() // its record says how it ended
	}
	return id, evicted
}

func (t *Table) add(e Entry) (id int, evicted *Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.live) >= t.most {
		evicted = t.evictable()
		t.drop(evicted.ID, madeRoom)
	}
	t.clock++
	e.ID, e.Begun, e.used, e.calls = t.freeID(), time.Now(), t.clock, 1
	t.live = append(t.live, &e)
	return e.ID, evicted
}

// evictable is who goes first: who has ended, then who was not asked for the
// longest time; the newest stay, and whom a call waits for while there is another.
func (t *Table) evictable() *Entry {
	return slices.MinFunc(t.live[:len(t.live)-newest], func(a, b *Entry) int {
		_, aOver, _ := a.Exit()
		_, bOver, _ := b.Exit()
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
func (t *Table) freeID() int {
	for {
		id := leastID + rand.IntN(mostID-leastID+1)
		taken := slices.ContainsFunc(t.live, func(e *Entry) bool { return e.ID == id })
		if !taken && !slices.ContainsFunc(t.gone, func(g gone) bool { return g.id == id }) {
			return id
		}
	}
}

// Get gives a session, for a call that says with Left when it waits for it no
// more. The error is an *UnknownError.
func (t *Table) Get(id int) (Entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if e.ID == id {
			t.clock++
			e.used = t.clock
			e.calls++
			return *e, nil
		}
	}
	for _, g := range t.gone {
		if g.id == id {
			return Entry{}, &UnknownError{id, g.why}
		}
	}
	return Entry{}, &UnknownError{id, neverWas}
}

// Left says that a call which added or got a session waits for it no more.
func (t *Table) Left(id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if e.ID == id {
			e.calls--
		}
	}
}

// List lists the sessions, the oldest first.
func (t *Table) List() []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Entry, len(t.live))
	for i, e := range t.live {
		out[i] = *e
	}
	return out
}

// Remove takes leave of a session, which goes on if it has not ended.
func (t *Table) Remove(id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(id, hasEnded)
}

// recently is how many numbers are kept from being used again.
const recently = 1000

func (t *Table) drop(id int, why string) {
	before := len(t.live)
	t.live = slices.DeleteFunc(t.live, func(e *Entry) bool { return e.ID == id })
	if len(t.live) == before {
		return // gone already
	}
	t.gone = append(t.gone, gone{id, why})
	if len(t.gone) > recently {
		t.gone = t.gone[1:]
	}
}

// Close ends all sessions, all at the same time, and returns when nothing is left
// of them.
func (t *Table) Close() error {
	t.mu.Lock()
	all := t.live
	t.live = nil
	t.mu.Unlock()
	errs := make(chan error, len(all))
	for _, e := range all {
		go func() { errs <- e.End() }()
	}
	var failed []error
	for range all {
		failed = append(failed, <-errs)
	}
	return errors.Join(failed...)
}
