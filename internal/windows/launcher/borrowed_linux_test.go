package launcher

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/lockstile/lockstile/internal/windows/runner"
	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/refusal"
)

// table is the handles of us and of a runner, in memory.
type table struct {
	calls  int
	failAt int // counted from 1
	next   suspended.Handle
	open   map[suspended.Handle]bool
	ended  bool
	pid    int
}

func (s *table) step() error {
	s.calls++
	if s.calls == s.failAt {
		return errFails
	}
	return nil
}

func (s *table) give(_, h suspended.Handle) (uint64, error) { return uint64(h) + 1000, s.step() }

func (s *table) take(_ suspended.Handle, there uint64, moved bool) (suspended.Handle, error) {
	if err := s.step(); err != nil {
		return 0, err
	}
	if moved { // a moved handle becomes a file
		f, err := os.Open(os.DevNull)
		if err != nil {
			return 0, err
		}
		h, err := syscall.Dup(int(f.Fd()))
		f.Close()
		return suspended.Handle(h), err
	}
	s.next++
	s.open[s.next] = true
	return s.next, nil
}

func (s *table) processID(suspended.Handle) (int, error) { return s.pid, s.step() }
func (s *table) close(h suspended.Handle)                { delete(s.open, h) }
func (s *table) job(h suspended.Handle) tree             { return &memoryJob{s, h} }

type memoryJob struct {
	s *table
	h suspended.Handle
}

func (j *memoryJob) Handle() suspended.Handle { return j.h }
func (j *memoryJob) End() error {
	j.s.ended = true
	return nil
}
func (j *memoryJob) Close() { j.s.close(j.h) }

// from returns a borrowed process whose runner answers each message with the next answer,
// and then ends.
func from(t *testing.T, s *table, answers ...any) (*borrowed, *[]string) {
	t.Helper()
	s.open, s.next = map[suspended.Handle]bool{500: true}, 500
	ours, theirs := net.Pipe()
	var heard []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		for _, a := range answers {
			var m map[string]any
			if err := runner.Receive(theirs, &m); err != nil {
				return
			}
			for name := range m {
				heard = append(heard, name)
			}
			if err := runner.Send(theirs, a); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		ours.Close()
		<-done
	})
	return borrowFrom(s, 500, ours, "S-me", &suspended.Confinement{DefaultDACL: "D:"}), &heard
}

var madeOnConsole = runner.Made{PID: 42, Process: 7, Thread: 8, Job: 9, Canary: 10, Out: 11, In: 12, Network: map[string]string{"tcp4": runner.Filtered}}

// TestBorrowedEachStep checks for each step of taking a process over: a failure is
// reported, and no handle stays open.
func TestBorrowedEachStep(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		spec := suspended.Spec{}
		answer := madeOnConsole
		if terminal {
			spec.Terminal = &suspended.Size{}
		} else {
			answer.Out, answer.In = 0, 0
		}
		steps := 1
		for n := 0; n <= steps; n++ {
			s := &table{failAt: n, pid: 42}
			b, _ := from(t, s, answer)
			err := b.Make(spec, &[3]suspended.Handle{1, 2, 3})
			if n == 0 {
				steps = s.calls
				if err != nil || b.PID() != 42 || !s.open[b.Process()] || !s.open[b.Thread()] || !s.open[b.Job()] || b.Canary() != 10 || b.Network()["tcp4"] != runner.Filtered {
					t.Errorf("nothing fails: %+v, %v", b, err)
				}
				if out, in := b.Terminal(); terminal != (out != nil && in != nil) {
					t.Errorf("terminal %v: %v, %v", terminal, out, in)
				} else if terminal {
					out.Close()
					in.Close()
				}
			} else if !errors.Is(err, errFails) && (err == nil || !strings.Contains(err.Error(), errFails.Error())) {
				t.Errorf("step %d fails: %v", n, err)
			}
			b.Kill()
			b.Kill()
			if len(s.open) != 0 {
				t.Errorf("step %d: %v stays open", n, s.open)
			}
		}
		if steps < 4 {
			t.Errorf("there are %d steps", steps)
		}
	}
}

// TestBorrowedAnswers checks that a false answer of a runner, or a malformed answer,
// makes no process.
func TestBorrowedAnswers(t *testing.T) {
	on := func(change func(*runner.Made)) runner.Made {
		m := madeOnConsole
		change(&m)
		return m
	}
	for name, answers := range map[string][]any{
		"another process":   {on(func(m *runner.Made) { m.PID = 41 })},
		"a failure":         {runner.Made{Failed: &runner.Failed{Restriction: refusal.Sandbox, Call: "x", Text: "y"}}},
		"a system's error":  {runner.Made{Failed: &runner.Failed{Restriction: refusal.Sandbox, Call: "x", Errno: 5}}},
		"something unknown": {map[string]int{"what": 1}},
		"nothing":           {},
	} {
		s := &table{pid: 42}
		b, _ := from(t, s, answers...)
		var step *suspended.StepError
		if err := b.Make(suspended.Spec{Terminal: &suspended.Size{}}, nil); !errors.As(err, &step) || step.Restriction != refusal.Sandbox {
			t.Errorf("%s: %v", name, err)
		}
		b.Kill()
		if len(s.open) != 0 {
			t.Errorf("%s: %v stays open", name, s.open)
		}
	}
}

// TestBorrowedAttempts checks that an answer to another question proves nothing.
func TestBorrowedAttempts(t *testing.T) {
	attempts := []suspended.Attempt{{What: suspended.Screen}}
	for name, c := range map[string]struct {
		answers []any
		ok      bool
	}{
		"one":      {[]any{runner.Tried{Outcomes: []suspended.Outcome{{How: "denied"}}}}, true},
		"two":      {[]any{runner.Tried{Outcomes: []suspended.Outcome{{How: "denied"}, {How: "denied"}}}}, false},
		"none":     {[]any{runner.Tried{}}, false},
		"failure":  {[]any{runner.Tried{Failed: &runner.Failed{Call: "x"}}}, false},
		"an error": {[]any{"?"}, false},
		"the end":  {nil, false},
	} {
		b, _ := from(t, &table{pid: 42}, c.answers...)
		if out, err := b.Try(attempts); (err == nil) != c.ok || c.ok && out[0].How != "denied" {
			t.Errorf("%s: %v, %v", name, out, err)
		}
		b.Kill()
	}
}

// TestBorrowedEnd checks that an ended command reports the exit code, and that the end of
// the runner ends the command, with an error.
func TestBorrowedEnd(t *testing.T) {
	for name, c := range map[string]struct {
		over any
		code uint32
		ok   bool
	}{
		"a code":        {runner.Over{Code: 3}, 3, true},
		"why not":       {runner.Over{Text: "it can't be told"}, 0, false},
		"no last word":  {nil, 0, false},
		"another thing": {[]int{1}, 0, false},
	} {
		s := &table{pid: 42}
		answers := []any{madeOnConsole}
		if c.over != nil {
			answers = append(answers, c.over)
		}
		b, heard := from(t, s, answers...)
		if err := b.Make(suspended.Spec{Terminal: &suspended.Size{}}, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.Resume(); c.over != nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if code, err := b.Wait(); code != c.code || (err == nil) != c.ok {
			t.Errorf("%s: %d, %v", name, code, err)
		}
		if !s.ended || len(s.open) != 0 {
			t.Errorf("%s: ended %v, %v stays open (%v)", name, s.ended, s.open, *heard)
		}
		for what, err := range map[string]error{"interrupt": b.Interrupt(), "resize": b.Resize(suspended.Size{}), "go": b.Resume()} {
			if !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("%s after the end: %v", what, err)
			}
		}
	}
	s := &table{pid: 42}
	b, _ := from(t, s, madeOnConsole)
	if err := b.Make(suspended.Spec{Terminal: &suspended.Size{}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.End(); err != nil || !s.ended {
		t.Errorf("%v, ended %v", err, s.ended)
	}
	b.Kill()
	if _, err := b.pipe.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the pipe stays open: %v", err)
	}
}
