package launcher

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/refusal"
)

// market is a Windows in memory that hires runners and fails at the n-th step: with an
// error, or with a success that did nothing.
type market struct {
	calls   []string
	failAt  int // counted from 1
	nothing bool

	open     map[suspended.Handle]string
	logons   int
	started  []string
	alive    bool
	listens  bool // the runner runs, and has come to the pipe
	replaced bool // another program began in the runner's place
}

var errFails = errors.New("it fails")

func (m *market) step(name string) (do bool, err error) {
	m.calls = append(m.calls, name)
	switch {
	case len(m.calls) != m.failAt:
		return true, nil
	case m.nothing:
		return false, nil
	}
	return false, errFails
}

func (m *market) made(name string, h suspended.Handle) (suspended.Handle, error) {
	do, err := m.step(name)
	if do {
		m.open[h] = name
	}
	if err != nil {
		return 0, err
	}
	return h, nil
}

func (m *market) need(h suspended.Handle) error {
	if m.open[h] == "" {
		return errors.New("the handle is invalid")
	}
	return nil
}

func (m *market) runner() (string, bool, error) {
	do, err := m.step("runner")
	return `C:\runner.exe`, do, err
}

func (m *market) secret(string) (string, error) {
	if do, err := m.step("secret"); !do {
		return "", err
	}
	return "hunter2", nil
}

func (m *market) listen(owner, account string) (string, suspended.Handle, error) {
	h, err := m.made("listen", 1)
	return `\\.\pipe\x`, h, err
}

func (m *market) start(account, password, program, pipe, desktop string) (hired, error) {
	m.logons++
	do, err := m.step("start")
	if err != nil {
		return hired{}, err
	}
	m.started = []string{account, password, program, pipe, desktop}
	if do {
		m.alive = true
		m.open[2], m.open[3] = "process", "thread"
	}
	return hired{2, 3, 42}, nil
}

func (m *market) isProgram(process suspended.Handle, _ string) error {
	_, err := m.step("isProgram")
	if m.replaced {
		err = errors.New("it is a process of another program")
	}
	return errors.Join(err, m.need(process))
}

func (m *market) resume(thread suspended.Handle) (uint32, error) {
	do, err := m.step("resume")
	if err = errors.Join(err, m.need(thread)); !do || err != nil {
		return 0, err
	}
	m.listens = true
	return 1, nil
}

func (m *market) await(pipe suspended.Handle, _ hired) error {
	_, err := m.step("await")
	if err = errors.Join(err, m.need(pipe)); err == nil && !m.listens {
		err = errors.New("the runner took too long to begin")
	}
	return err
}

func (m *market) terminate(suspended.Handle) error {
	m.alive = false
	return nil
}

func (m *market) close(h suspended.Handle) { delete(m.open, h) }

var account = &plan.Windows{Account: "box", AccountSID: "S-box", Owner: "S-me"}

// TestHireEachStep checks for each step, with an error and with a success that did
// nothing: no runner is returned, none is left, and no logon is tried twice.
func TestHireEachStep(t *testing.T) {
	good := &market{open: map[suspended.Handle]string{}}
	process, pipe, err := hireFrom(good, account, "desk")
	if err != nil || process != 2 || pipe != 1 {
		t.Fatalf("nothing fails: %d, %d, %v", process, pipe, err)
	}
	if want := []string{"box", "hunter2", `C:\runner.exe`, `\\.\pipe\x`, "desk"}; !slices.Equal(good.started, want) {
		t.Errorf("%q, want %q", good.started, want)
	}
	good.close(process)
	good.close(pipe)
	if len(good.open) != 0 {
		t.Errorf("%v stays open", good.open)
	}
	// A check that passes without looking can't be told from a good check: isProgram and
	// await are called once each.
	asks := []string{"isProgram", "await"}
	for n, call := range good.calls {
		for _, nothing := range []bool{false, true} {
			m := &market{open: map[suspended.Handle]string{}, failAt: n + 1, nothing: nothing}
			_, _, err := hireFrom(m, account, "desk")
			if nothing && slices.Contains(asks, call) {
				continue
			}
			var step *suspended.StepError
			switch {
			case err == nil:
				t.Errorf("%s fails (%v), and nothing says so", call, nothing)
			case !nothing && !errors.Is(err, errFails):
				t.Errorf("%s: %v", call, err)
			case call != "start" && (!errors.As(err, &step) || step.Restriction != refusal.Sandbox):
				t.Errorf("%s: %v names no restriction", call, err)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("%s: %v tells the password", call, err)
			}
			if len(m.open) != 0 || m.alive || m.logons > 1 {
				t.Errorf("%s: %v stays open, alive: %v, %d logons", call, m.open, m.alive, m.logons)
			}
		}
	}
	m := &market{open: map[suspended.Handle]string{}, replaced: true}
	if _, _, err := hireFrom(m, account, ""); err == nil || m.listens || m.alive {
		t.Errorf("another program begins in the runner's place: %v", err)
	}
}
