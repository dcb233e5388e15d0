package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// started is a session of a shell script.
func started(t *testing.T, terminal bool, script string) *Session {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ws := filepath.Join(dir, "ws")
	if err := os.Mkdir(ws, 0o755); err != nil {
		t.Fatal(err)
	}
	g, err := lockstile.Open(filepath.Join(dir, "home"))
	if err != nil {
		t.Fatal(err)
	}
	r := lockstile.Request{
		Policy: policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws},
		Argv:   []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"},
	}
	if terminal {
		r.Terminal = &lockstile.Size{Rows: 24, Cols: 80}
	}
	s, err := Start(g, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.End(); err != nil {
			t.Error(err)
		}
		g.Close()
	})
	return s
}

// sees looks until the text has come.
func (s *Session) sees(t *testing.T, text string) string {
	t.Helper()
	var seen strings.Builder
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		out := s.Poll(context.Background(), 10*time.Millisecond)
		seen.Write(out.Head)
		seen.Write(out.Tail)
		if strings.Contains(seen.String(), text) {
			return seen.String()
		}
	}
	t.Fatalf("%q does not come: %q", text, seen.String())
	return ""
}

func TestSession(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		s := started(t, terminal, "echo out; echo err >&2; exit 3")
		out := s.Poll(context.Background(), patience)
		if text := strings.ReplaceAll(string(out.Head), "\r\n", "\n"); text != "out\nerr\n" {
			t.Errorf("terminal %v: %q", terminal, text)
		}
		exit, ok, err := s.Exit()
		if !ok || err != nil || exit.Code != 3 {
			t.Errorf("terminal %v: %+v %v %v", terminal, exit, ok, err)
		}
		if again := s.Poll(context.Background(), patience); len(again.Head) != 0 {
			t.Errorf("the same output twice: %q", again.Head)
		}
		if err := s.Type("\x03"); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("terminal %v: typed after the end: %v", terminal, err)
		}
	}
}

func TestTyping(t *testing.T) {
	s := started(t, true, `echo ready; read x; echo "got $x"; stty size; read x; stty size; read x`)
	s.sees(t, "ready")
	if err := s.Type("hello\n"); err != nil {
		t.Fatal(err)
	}
	s.sees(t, "24 80")
	if err := s.Resize(lockstile.Size{Rows: 11, Cols: 22}); err != nil {
		t.Fatal(err)
	}
	if err := s.Type("\n"); err != nil {
		t.Fatal(err)
	}
	s.sees(t, "11 22")
	if _, ok, _ := s.Exit(); ok {
		t.Error("it has ended")
	}
	if err := s.Type("\x03"); err != nil {
		t.Fatal(err)
	}
	s.Poll(context.Background(), patience)
	if exit, ok, err := s.Exit(); !ok || err != nil || exit.Signal != syscall.SIGINT {
		t.Errorf("%+v %v %v", exit, ok, err)
	}
}

func TestTypingWithoutTerminal(t *testing.T) {
	s := started(t, false, `trap 'exit 7' INT; read x; echo "input ends"; while :; do sleep 0.02; done`)
	s.sees(t, "input ends")
	if err := s.Type("x"); !errors.Is(err, ErrInput) {
		t.Errorf("%v", err)
	}
	if err := s.Resize(lockstile.Size{}); !errors.Is(err, ErrInput) {
		t.Errorf("%v", err)
	}
	if err := s.Type("\x03"); err != nil {
		t.Fatal(err)
	}
	s.Poll(context.Background(), patience)
	if exit, ok, _ := s.Exit(); !ok || exit.Code != 7 {
		t.Errorf("%+v %v", exit, ok)
	}
}

// TestNobodyReads checks that neither a flood of output nor a flood of typing holds
// anything up.
func TestNobodyReads(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		s := started(t, terminal, "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo the end")
		<-s.over
		out := s.Poll(context.Background(), 0)
		if !strings.HasSuffix(strings.TrimSpace(string(out.Tail)), "the end") || out.Omitted < 3_900_000 || len(out.Head) != half {
			t.Errorf("terminal %v: %d bytes, %d omitted, %d bytes", terminal, len(out.Head), out.Omitted, len(out.Tail))
		}
	}
	s := started(t, true, "stty raw -echo; echo ready; exec sleep 1007")
	s.sees(t, "ready")
	if err := s.Type(strings.Repeat("x", 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestEnd checks that the whole tree ends, and that a waiting look returns.
func TestEnd(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		s := started(t, terminal, "trap '' INT TERM HUP; setsid sleep 1007 & echo ready; sleep 1007")
		s.sees(t, "ready")
		looked := make(chan Output)
		go func() { looked <- s.Poll(context.Background(), patience) }()
		if err := s.End(); err != nil {
			t.Error(err)
		}
		<-looked
		if exit, ok, _ := s.Exit(); !ok || exit.Signal != syscall.SIGKILL {
			t.Errorf("%+v %v", exit, ok)
		}
	}
}

func TestLookIsGivenUp(t *testing.T) {
	s := started(t, false, "echo printed; sleep 1007")
	defer s.sees(t, "printed") // by the next look
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	begin := time.Now()
	s.Poll(ctx, patience)
	if time.Since(begin) > patience/2 {
		t.Error("a look that was given up waited on")
	}
}

// TestAwait checks that Await returns when output comes, at the end, and when ctx is
// done.
func TestAwait(t *testing.T) {
	s := started(t, true, "stty -echo; echo ready; read x; printf '\\303'; read x; printf '\\244'; exit 0")
	s.sees(t, "ready")
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Await(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing came, and %v", err)
	}
	var seen strings.Builder
	for range 2 {
		if err := s.Type("\n"); err != nil {
			t.Fatal(err)
		}
		if err := s.Await(context.Background()); err != nil {
			t.Fatal(err)
		}
		seen.Write(s.Poll(context.Background(), 0).Head) // half a character the first time: nothing
	}
	for over := false; !over; _, over, _ = s.Exit() {
		if err := s.Await(context.Background()); err != nil {
			t.Fatal(err)
		}
		seen.Write(s.Poll(context.Background(), 0).Head)
	}
	seen.Write(s.Poll(context.Background(), 0).Head)
	if seen.String() != "ä" {
		t.Errorf("%q", seen.String())
	}
	if err := s.Await(context.Background()); err != nil { // Await never waits after the end
		t.Error(err)
	}
}

// TestTap checks that a second reader gets the newest output from before and the output
// after, and that looks still get all output.
func TestTap(t *testing.T) {
	s := started(t, true, "echo before; read x; echo after; read x")
	s.sees(t, "before")
	second := &tapped{}
	recent, stop := s.Tap(second)
	if !strings.Contains(string(recent), "before") {
		t.Errorf("the tap began with %q", recent)
	}
	for _, key := range []string{"a\n", "b\n"} {
		if err := s.Type(key); err != nil {
			t.Fatal(err)
		}
		if key == "a\n" {
			s.sees(t, "after")
			stop()
		}
	}
	<-s.Over()
	if got := second.String(); !strings.Contains(got, "after") || strings.Contains(got, "b") {
		t.Errorf("the tap got %q", got)
	}
	if r := s.Record(); r.Seq == 0 || r.Proven == 0 || r.Mode != policy.ModeWorkspaceWrite {
		t.Errorf("the record is %+v", r)
	}
}

// tapped is a buffer for several goroutines.
type tapped struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *tapped) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *tapped) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
