package tool

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/session"
	"github.com/lockstile/lockstile/refusal"
)

// maxSessions is how many commands may run on at once.
const maxSessions = 64

// table holds the sessions by their numbers, which are never used twice.
type table struct {
	mu       sync.Mutex
	last     int
	starting int
	live     map[int]*session.Session
}

// add starts a session and gives it a number.
func (t *table) add(start func() (*session.Session, error)) (int, *session.Session, error) {
	t.mu.Lock()
	if len(t.live)+t.starting >= maxSessions {
		t.mu.Unlock()
		return 0, nil, &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan,
			Reason: fmt.Sprintf("%d commands are running already", maxSessions), Hint: "look at the sessions until they end, or interrupt them"}
	}
	t.starting++
	t.mu.Unlock()
	s, err := start()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.starting--
	if err != nil {
		return 0, nil, err
	}
	t.last++
	t.live[t.last] = s
	return t.last, s, nil
}

func (t *table) get(id int) (*session.Session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.live[id]
	return s, ok
}

func (t *table) remove(id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.live, id)
}

// end ends all sessions, all at the same time.
func (t *table) end() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	errs := make(chan error, len(t.live))
	for _, s := range t.live {
		go func() { errs <- s.End() }()
	}
	var all []error
	for range t.live {
		all = append(all, <-errs)
	}
	clear(t.live)
	return errors.Join(all...)
}

// isOver tells whether an error means that the command has ended; then its end is
// the answer.
func isOver(err error) bool { return errors.Is(err, os.ErrProcessDone) }

// userShell is the caller's own shell where it is set.
func userShell(environ []string) string {
	for _, e := range environ {
		if shell, ok := strings.CutPrefix(e, "SHELL="); ok && strings.HasPrefix(shell, "/") {
			return shell
		}
	}
	return "/bin/sh"
}
