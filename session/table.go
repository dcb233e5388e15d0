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
	// newest is how many sessions, counted from the last, are never evicted.
	newest = 8
	// The range of session numbers: five digits at most, the form known to models.
	leastID, mostID = 1000, 99999
)

// Entry is a session in a table.
type Entry struct {
	*Session
	ID        int
	Command   string    // for people
	Dir       string    // the folder at the start
	Escalated bool      // the command runs outside the sandbox
	Begun     time.Time // when the session was added

	calls int    // calls that use the session now
	used  uint64 // the time of the last use, on the table's own clock
}

// Table keeps sessions by number, and makes room for new sessions. Several goroutines may
// use a Table. The zero value is not usable; NewTable makes a Table.
type Table struct {
	most  int
	mu    sync.Mutex
	clock uint64
	live  []*Entry // the oldest first
	gone  []gone   // numbers not to be used again yet
}

// NewTable makes a table for most sessions. If most is 8 or less, the table takes 64
// sessions: the 8 newest always stay.
func NewTable(most int) *Table {
	if most <= newest {
		most = usual
	}
	return &Table{most: most}
}

// Most is how many sessions are kept.
func (t *Table) Most() int { return t.most }

// UnknownError means that no session has the number.
type UnknownError struct {
	ID  int
	Why string // the session has ended, made room, or never existed
}

func (e *UnknownError) Error() string { return fmt.Sprintf("unknown session id %d: %s", e.ID, e.Why) }

// gone is a number out of use, with the reason.
type gone struct {
	id  int
	why string
}

const (
	hasEnded = "it has ended, and its end was told"
	madeRoom = "it was ended to make room for newer ones"
	neverWas = "there never was such a session"
)

// Add keeps a session and returns the session's number. The caller must call Left when it
// no longer waits for the session. If the table was full, evicted is the session that
// made room; Add has ended evicted.
func (t *Table) Add(e Entry) (id int, evicted *Entry) {
	id, evicted = t.add(e)
	if evicted != nil {
		_ = evicted.End() // the record says how the command ended
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

// evictable returns the session to go first: an ended session, then the session longest
// without use. The newest sessions stay. A session in use stays if there is another.
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

// freeID returns a random number: a number that a model remembers from before should not
// belong to another session by chance.
func (t *Table) freeID() int {
	for {
		id := leastID + rand.IntN(mostID-leastID+1)
		taken := slices.ContainsFunc(t.live, func(e *Entry) bool { return e.ID == id })
		if !taken && !slices.ContainsFunc(t.gone, func(g gone) bool { return g.id == id }) {
			return id
		}
	}
}

// Get returns the session with the number id. The caller must call Left when it no longer
// waits for the session. The error is an *UnknownError.
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

// Left ends the use of a session by a call of Add or Get.
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

// Remove drops a session from the table. A running command goes on.
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

// Close ends all sessions at the same time, and returns when no process is left.
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
