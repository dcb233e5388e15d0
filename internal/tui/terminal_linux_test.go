package tui

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/emulated"
	"github.com/lockstile/lockstile/policy"
)

var update = flag.Bool("update", false, "write the golden frames")

// bound is how long a test waits for what must come.
const bound = 30 * time.Second

// terminal is a screen on a terminal of its own, read by an emulator. The thread is a
// double: the test gives its events.
type terminal struct {
	testing.TB
	*Screen
	emulated *emulated.Terminal // nil: pipes
	errors   strings.Builder
	code     chan int
	turns    chan string // what was asked of the thread
	finish   chan error  // ends a turn
	sessions []Session
	used     int

	stall sync.Mutex // held while the terminal takes nothing
	mu    sync.Mutex
	bytes int
	raw   strings.Builder
}

var app = policy.Policy{Mode: policy.ModeWorkspaceWrite, Approval: policy.ApprovalOnRequest, Workspace: "/home/alice/src/app", Home: "/home/alice/.lockstile",
	Values: []policy.Value{{Key: "sandbox_mode", Value: "workspace-write", From: policy.Origin{File: "/home/alice/.lockstile/config.toml", Line: 3}}, {Key: "approval_policy", Value: "on-request", From: policy.Origin{Note: "default"}}}}

// open opens a screen of w columns and h rows; change changes the usual config.
func open(t testing.TB, w, h int, change func(*Config)) *terminal {
	t.Helper()
	s := pair(t, w, h)
	c := Config{In: s.emulated.Slave, Out: s.emulated.Slave, Err: &s.errors, Version: "0.2.0", Policy: app, UserHome: "/home/alice", ModelSet: true,
		Getenv: func(name string) string { return map[string]string{"TERM": "xterm-256color"}[name] }}
	if change != nil {
		change(&c)
	}
	s.Screen = New(c)
	if !c.ModelSet {
		s.used = 0
	}
	go func() { s.code <- s.Run(s.double(c.ModelSet), nil) }()
	t.Cleanup(s.leave)
	return s
}

// pair makes a terminal that an emulator reads.
func pair(t testing.TB, w, h int) *terminal {
	t.Helper()
	s := &terminal{TB: t, code: make(chan int, 1), turns: make(chan string, 100), finish: make(chan error), used: 12345}
	var err error
	if s.emulated, err = emulated.Open(w, h, s.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.emulated.Close)
	return s
}

func control(f *os.File, do func(fd int) error) (err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) { inner = do(int(fd)) })
	if err == nil {
		err = inner
	}
	return err
}

// hear counts and keeps the output.
func (s *terminal) hear(output []byte) {
	s.stall.Lock()
	defer s.stall.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(output)
	s.bytes += len(output)
}

// double is a thread whose turns last until finish.
func (s *terminal) double(modelSet bool) Thread {
	wait := func(what string) func(context.Context, string) error {
		return func(ctx context.Context, text string) error {
			s.turns <- what + text
			if what == "turn: " {
				s.Listen(agent.Event{Type: agent.ItemCompleted, Item: &agent.Item{ID: "u", Type: agent.UserMessage, Text: text}})
			}
			select {
			case err := <-s.finish:
				return err
			case <-ctx.Done():
				s.turns <- "interrupted"
				return ctx.Err()
			}
		}
	}
	name := "gpt-5.5"
	if !modelSet {
		name = ""
	}
	return Thread{Turn: wait("turn: "), Run: wait("run: "), Compact: func(ctx context.Context) error { return wait("compact")(ctx, "") },
		Used:  func() (int, int) { return s.used, 128_000 },
		Model: func() string { return name }, SetModel: func(to string) error { name = to; return nil },
		Sessions: func() []Session { s.mu.Lock(); defer s.mu.Unlock(); return s.sessions }}
}

// leave ends the screen, as a hangup would.
func (s *terminal) leave() {
	s.send(quitForTest)
	select {
	case <-s.code:
	case <-time.After(bound):
		s.Error("the screen doesn't end")
	}
}

func (s *terminal) resize(w, h int) {
	s.Helper()
	if err := s.emulated.Resize(w, h); err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		s.Fatal(err)
	}
}

func (s *terminal) keys(text string) {
	s.Helper()
	if _, err := s.emulated.Master.WriteString(text); err != nil {
		s.Error(err)
	}
}

func (s *terminal) text() string {
	if s.emulated == nil {
		return "" // pipes
	}
	return s.emulated.Text()
}

// until waits until the screen is as wanted.
func (s *terminal) until(what string, ok func(text string) bool) string {
	s.Helper()
	end := time.Now().Add(bound)
	for {
		text := s.text()
		if ok(text) {
			return text
		}
		if time.Now().After(end) {
			s.Fatalf("no %s on the screen:\n%s", what, text)
		}
		time.Sleep(time.Millisecond)
	}
}

// wait waits until the screen holds all texts.
func (s *terminal) wait(want ...string) string {
	s.Helper()
	return s.until(fmt.Sprintf("%q", want), func(text string) bool {
		for _, w := range want {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	})
}

// waitGone waits until the screen doesn't hold a text.
func (s *terminal) waitGone(gone string) string {
	s.Helper()
	return s.until("screen without "+gone, func(text string) bool { return !strings.Contains(text, gone) })
}

func (s *terminal) next() string {
	s.Helper()
	select {
	case what := <-s.turns:
		return what
	case <-time.After(bound):
		s.Fatalf("nothing was asked of the thread:\n%s", s.text())
		return ""
	}
}

// over ends the turn.
func (s *terminal) over(err error) {
	s.Helper()
	select {
	case s.finish <- err:
	case <-time.After(bound):
		s.Fatal("no turn runs")
	}
}

func (s *terminal) events(events ...agent.Event) {
	for _, e := range events {
		s.Listen(e)
	}
}

func started(i agent.Item) agent.Event   { return agent.Event{Type: agent.ItemStarted, Item: &i} }
func updated(i agent.Item) agent.Event   { return agent.Event{Type: agent.ItemUpdated, Item: &i} }
func completed(i agent.Item) agent.Event { return agent.Event{Type: agent.ItemCompleted, Item: &i} }
func delta(i agent.Item, text string) agent.Event {
	return agent.Event{Type: agent.ItemDelta, Item: &i, Delta: text}
}

var noise = regexp.MustCompile(`[\d.]+ s\b|[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]`)

// leastLines is how many lines must stand if the first have scrolled away.
const leastLines = 9

// lastLine begins what the user said.
var lastLine = regexp.MustCompile(`(?m)^(› |● ! )`)

// golden compares the screen with a file. How far an inline screen has scrolled depends on
// frames that stood for a moment; what counts is the text from the user's last line on.
func (s *terminal) golden(name string) {
	s.Helper()
	got := ""
	read := func() bool {
		got = noise.ReplaceAllStringFunc(s.text(), func(m string) string {
			if strings.HasSuffix(m, " s") {
				return "N s"
			}
			return "⠋"
		}) + "\n"
		if all := lastLine.FindAllStringIndex(got, -1); all != nil {
			got = got[all[len(all)-1][0]:]
		}
		want, _ := os.ReadFile(filepath.Join("testdata", name+".txt"))
		scrolled := strings.Count(got, "\n") >= leastLines && strings.HasSuffix(string(want), "\n"+got)
		return string(want) == got || scrolled && strings.TrimSpace(got) != ""
	}
	for end := time.Now().Add(3 * time.Second); !read() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
		if *update {
			time.Sleep(500 * time.Millisecond)
			read()
			if err := os.WriteFile(filepath.Join("testdata", name+".txt"), []byte(got), 0o644); err != nil {
				s.Fatal(err)
			}
		}
	}
	if !read() {
		want, _ := os.ReadFile(filepath.Join("testdata", name+".txt"))
		s.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
	}
}

// session makes a session of the double; what is typed goes to in.
func (s *terminal) session(id int, command string, in func(string)) (e Session, output func(string), end func()) {
	over := make(chan struct{})
	var mu sync.Mutex
	var taps []io.Writer
	e = Session{ID: id, Command: command, Begun: time.Now(), Over: over, Resize: func(lockstile.Size) error { return nil },
		Type: func(text string) error { in(text); return nil },
		End:  sync.OnceValue(func() error { close(over); return nil }),
		Tap: func(w io.Writer) ([]byte, func()) {
			mu.Lock()
			defer mu.Unlock()
			taps = append(taps, w)
			return []byte("earlier output\r\n"), func() { mu.Lock(); defer mu.Unlock(); taps = nil }
		}}
	s.mu.Lock()
	s.sessions = append(s.sessions, e)
	s.mu.Unlock()
	return e, func(text string) {
		mu.Lock()
		all := taps
		mu.Unlock()
		for _, w := range all {
			_, _ = io.WriteString(w, text)
		}
	}, func() { _ = e.End() }
}
