package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/refusal"
)

// Bubble Tea leaves two goroutines behind: a reader with a key that came at the end, and,
// after a fault of the loop, the clock of its renderer.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/charmbracelet/ultraviolet.(*TerminalReader).sendEvents"),
		goleak.IgnoreTopFunction("charm.land/bubbletea/v2.(*Program).startRenderer.func1"))
}

// cooked reports whether the terminal edits lines and echoes.
func (s *terminal) cooked() bool {
	s.Helper()
	var modes *unix.Termios
	if err := control(s.emulated.Master, func(fd int) (err error) { modes, err = unix.IoctlGetTermios(fd, unix.TCGETS); return err }); err != nil {
		s.Fatal(err)
	}
	return modes.Lflag&(unix.ICANON|unix.ECHO) == unix.ICANON|unix.ECHO
}

// ends waits for the end of the screen.
func (s *terminal) ends(code int) {
	s.Helper()
	select {
	case got := <-s.code:
		s.code <- got
		if got != code {
			s.Errorf("the code is %d, want %d", got, code)
		}
	case <-time.After(bound):
		s.Fatalf("the screen doesn't end:\n%s", s.text())
	}
}

// TestFaults breaks each goroutine: the terminal is as before, and the fault is told on
// one line.
func TestFaults(t *testing.T) {
	for name, breaks := range map[string]func(*terminal){
		"loop":   func(s *terminal) { s.keys("/model\r") },
		"turn":   func(s *terminal) { s.keys("go\r") },
		"answer": func(s *terminal) { s.keys("/doctor\r") },
		"agent":  func(s *terminal) { s.Fault("broken") },
		"painter": func(s *terminal) {
			s.painter.show(frame{lines: []string{"x"}, row: -1 << 40, width: 80, height: 24, col: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := pair(t, 80, 24)
			s.Screen = New(Config{In: s.emulated.Slave, Out: s.emulated.Slave, Err: &s.errors, Policy: app, ModelSet: true,
				Answers: map[string]func(context.Context, []string) (string, error){"doctor": func(context.Context, []string) (string, error) { panic("broken\x1b") }}})
			thread := s.double(true)
			calls := 0
			thread.Model = func() string {
				if calls++; calls > 1 {
					panic("broken")
				}
				return "m"
			}
			thread.Turn = func(context.Context, string) error { var list []int; return fmt.Errorf("%d", list[calls]) }
			if !s.cooked() {
				t.Fatal("the terminal is raw before the start")
			}
			go func() { s.code <- s.Run(thread, nil) }()
			s.wait("Ask for")
			if s.cooked() {
				t.Error("the terminal isn't raw")
			}
			breaks(s)
			if name == "painter" {
				s.send(quitForTest)
				s.ends(0) // a frame can't break the painter
				return
			}
			s.ends(1)
			if !s.cooked() {
				t.Error("the terminal stays raw")
			}
			if text := s.errors.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "a fault of its own") || strings.ContainsRune(text, 0x1b) {
				t.Errorf("%q", text)
			}
			s.until("end of the modes", func(string) bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return strings.HasSuffix(s.raw.String(), modesOff)
			})
		})
	}
}

// TestAttach types the command and 300 lines in one go: each line reaches the session, and
// what stands behind ^] is a draft.
func TestAttach(t *testing.T) {
	s := open(t, 80, 24, nil)
	var mu sync.Mutex
	var typed strings.Builder
	e, output, end := s.session(4321, "cat", func(text string) { mu.Lock(); defer mu.Unlock(); typed.WriteString(text) })
	s.wait("◆ 4321 cat")
	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "line %d\x1b[A\x03\x07\r", i)
	}
	s.keys("/attach 4321\r" + lines.String())
	s.wait("attached to session 4321", "earlier output")
	for end := time.Now().Add(bound); time.Now().Before(end); time.Sleep(time.Millisecond) {
		mu.Lock()
		n := typed.Len()
		mu.Unlock()
		if n >= lines.Len() {
			break
		}
	}
	output("later \x1b]52;c;c3RvbGVu\x07output\x1b[?1049h\r\n")
	s.mu.Lock()
	if strings.Contains(s.raw.String(), "]52;") {
		t.Error("a session set the clipboard")
	}
	s.mu.Unlock()
	s.keys("last\x1d" + "draft")
	s.wait("detached from session 4321", "┃ draft", "earlier output")
	mu.Lock()
	if typed.String() != lines.String()+"last" {
		t.Errorf("typed: %q", typed.String())
	}
	mu.Unlock()
	s.keys("\x15/attach\r") // the only session
	s.until("attached twice", func(text string) bool { return strings.Count(text, "attached to session 4321") >= 2 })
	end()
	<-e.Over
	s.wait("session 4321 has ended", "Ask for")
	s.keys("/attach 4321\r")
	s.wait("no session 4321 lives")
}

// TestPaste pastes a long text: one block, which a key takes away whole, and which is sent
// in full.
func TestPaste(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	long := strings.Repeat("a line of pasted text\r", 2000)
	s.keys("see \x1b[200~" + long + "\x1b[201~ and \x1b[200~two\rlines\x1b[201~")
	s.wait("┃ see [pasted text 1, 2001 lines] and two", "┃ lines")
	s.keys("\r")
	want := "turn: see " + strings.ReplaceAll(long, "\r", "\n") + " and two\nlines"
	if got := s.next(); got != want {
		t.Errorf("%.80q…, want %.80q…", got, want)
	}
	s.over(nil)
	s.waitGone("working")
	s.keys("x\x1b[200~" + long + "\x1b[201~")
	s.wait("[pasted text 2")
	s.keys("\x7f")
	s.waitGone("[pasted text 2")
	s.wait("┃ x")
}

// TestQueue types in a turn: the line is sent after the turn. Esc interrupts.
func TestQueue(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	s.keys("one\r")
	s.next()
	s.keys("two\r")
	s.wait("then: two")
	s.keys("!ls\r")
	s.wait("must wait")
	s.over(nil)
	if got := s.next(); got != "turn: two" {
		t.Errorf("%q", got)
	}
	s.keys("early\r")
	s.wait("then: early")
	s.keys("dra")
	s.wait("┃ dra")
	s.keys("\x1b")
	if got := s.next(); got != "interrupted" {
		t.Errorf("%q", got)
	}
	s.waitGone("working")
	s.wait("┃ early\n┃ dra")
	s.keys("\x15\x7f\x15three\r")
	s.next()
	s.over(errors.New("the server is gone\x1b"))
	s.wait(`✖ the server is gone\x1b`)
	s.keys("\x1b[A\x1b[A\x1b[A")
	s.wait("┃ !ls")
	s.keys("\x1b[B\x1b[B\x1b[B")
	s.wait("Ask for")
}

// TestEnds ends the screen by each key, with the right code.
func TestEnds(t *testing.T) {
	for keys, code := range map[string]int{"\x03\x03": 130, "\x04": 0, "/quit\r": 0, "go\r\x03\x03": 130} {
		s := open(t, 80, 24, nil)
		s.wait("Ask for")
		s.keys(keys)
		s.ends(code)
		if !s.cooked() {
			t.Errorf("%q: the terminal stays raw", keys)
		}
	}
}

// TestCommands gives each command.
func TestCommands(t *testing.T) {
	said := func(text string, err error) func(context.Context, []string) (string, error) {
		return func(_ context.Context, words []string) (string, error) { return text + strings.Join(words, "+"), err }
	}
	s := open(t, 100, 40, func(c *Config) {
		c.Notifications = true
		c.Answers = map[string]func(context.Context, []string) (string, error){
			"doctor": said("all\x1b[2J well ", nil), "explain": said("", &refusal.Error{Reason: "can't", Hint: "mend it"}), "resume": said("one thread ", nil),
			"permissions": said(strings.Repeat("word ", 20)+"~/.ssh/authorized_keys", nil)}
		c.New = func(context.Context) (Thread, error) { return Thread{}, errors.New("no new one") }
		c.Resume = func(_ context.Context, id string) (Thread, []agent.Event, error) {
			return Thread{Model: func() string { return "m-" + id }, Used: func() (int, int) { return 0, 1 }, Sessions: func() []Session { return nil }},
				[]agent.Event{completed(agent.Item{ID: "1", Type: agent.UserMessage, Text: "from before"}), completed(agent.Item{ID: "2", Type: agent.AgentMessage, Text: "an *old* answer"})}, nil
		}
	})
	_, _, _ = s.session(77777, "serve", func(string) {})
	s.wait("Ask for")
	for _, c := range []struct{ keys, want string }{
		{"/help\r", "ctrl-g"}, {"/status\r", "~/.lockstile/config.toml:3"}, {"/model other\r", "the model is other"},
		{"/doctor a b\r", `all\x1b[2J well a+b`}, {"/explain x\r", "hint: mend it"}, {"/log\r", "there is no answer to /log here"},
		{"/permissions\r", "\n  word ~/.ssh/authorized_keys"}, {"/resume\r", "one thread"}, {"/new\r", "no new one"}, {"/nonsense\r", "there is no /nonsense"}, {"/copy\r", "no answer to copy"},
		{"/diff\r", "no patch"}, {"/sessions\r", "◆ 77777 serve"}, {"/kill 77777\r", "session 77777 was ended"}, {"/kill 1\r", "no session 1 lives"},
		{"/resume abc\r", "an old answer"}, {"/model\r", "the model is m-abc"}, {"/copy\r", "15 bytes went to the clipboard"}, {"\x1b[A\x1b[A\x1b[A", "┃ from before"},
	} {
		s.keys(c.keys)
		s.wait(c.want)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.Contains(s.raw.String(), "\x1b]52;c;YW4gKm9sZCogYW5zd2Vy\a") {
		t.Error("the answer didn't go to the clipboard")
	}
}

// TestCompletion completes commands and paths.
func TestCompletion(t *testing.T) {
	files := fstest.MapFS{"main.go": {}, "docs/guide.md": {}, "docs/evil\x1b.md": {}, ".git/config": {}, "node_modules/x/main.js": {}, "sub/deep/main_test.go": {}}
	s := open(t, 80, 24, func(c *Config) { c.ReadDir = func(p string) ([]fs.DirEntry, error) { return fs.ReadDir(files, p) } })
	s.wait("Ask for")
	s.keys("/s")
	s.wait("› /status", "/sessions")
	s.keys("\x1b[B\t")
	s.wait("┃ /sessions")
	s.keys("\x15/ki\r")
	s.wait("┃ /kill")
	s.keys("9\r")
	s.wait("no session 9 lives")
	s.keys("\x15look at @main")
	text := s.wait("@main.go", "@sub/deep/main_test.go")
	if strings.Contains(text, "node_modules") || strings.Contains(text, ".git") {
		t.Error(text)
	}
	s.keys("\x1b[B\t")
	s.wait("┃ look at @sub/deep/main_test.go")
	s.keys("and @e")
	text = s.wait("@sub/deep/", "@docs/guide.md")
	if strings.Contains(text, "evil") {
		t.Error(text)
	}
	s.keys("\x1b")
	s.waitGone("guide.md")
	s.wait("net off")
}

// TestNarrowTerminal narrows and widens a terminal that doesn't wrap anew: the live region
// stands there once.
func TestNarrowTerminal(t *testing.T) {
	s := open(t, 80, 24, func(c *Config) {
		c.Getenv = func(name string) string { return map[string]string{"XTERM_VERSION": "XTerm(1)"}[name] }
	})
	s.wait("Ask for")
	s.keys("a draft that is so long that the screen must wrap the draft when the terminal becomes narrow")
	s.wait("narrow")
	for _, w := range []int{60, 40, 90, 50, 80} {
		s.resize(w, 24)
		s.until("a frame of the new width", func(text string) bool {
			return strings.Count(text, "net off") == 1 && strings.Count(text, "a draft") == 1 && s.widest(text) <= w
		})
	}
}

func (s *terminal) widest(text string) (w int) {
	for _, l := range strings.Split(text, "\n") {
		w = max(w, width(l))
	}
	return w
}

// TestColours reads the bytes: without NO_COLOR only the 16 colours, with NO_COLOR none,
// and never a question to the terminal.
func TestColours(t *testing.T) {
	for _, no := range []string{"", "1"} {
		s := open(t, 80, 24, func(c *Config) {
			c.Getenv = func(name string) string { return map[string]string{"NO_COLOR": no}[name] }
		})
		s.wait("Ask for")
		s.keys("go\r")
		s.next()
		s.events(completed(agent.Item{ID: "1", Type: agent.AgentMessage, Text: "# A **b** `c`\n\n| a |\n|---|\n| b |"}), completed(agent.Item{ID: "2", Type: agent.CommandExecution, Command: "x", Exit: ptr(1), Output: "\x1b[35mx", Sandbox: proof}))
		s.wait("✔ proven #17")
		s.over(nil)
		s.waitGone("working")
		s.mu.Lock()
		raw := s.raw.String()
		s.mu.Unlock()
		for _, part := range strings.Split(raw, "\x1b")[1:] {
			final := strings.IndexFunc(part[1:], func(r rune) bool { return r >= 0x40 && r <= 0x7e })
			if part[0] != '[' || final < 0 {
				t.Fatalf("%q", part)
			}
			switch seq := part[1 : final+2]; {
			case strings.HasSuffix(seq, "m"):
				if no != "" && seq != "0m" || !strings.Contains(" 0m 1m 2m 3m 4m 31m 32m 33m 34m 36m ", " "+seq+" ") {
					t.Errorf("NO_COLOR=%q: %q", no, seq)
				}
			case strings.ContainsAny(seq[len(seq)-1:], "cnqt") || strings.HasSuffix(seq, "$p"):
				t.Errorf("a question to the terminal: %q", seq)
			}
		}
		if strings.Contains(raw, bold+"\x1b[3") {
			t.Error("bold and coloured at once")
		}
	}
}

// TestStuckScreen stops the terminal: events and questions go on, Esc has its effect, and
// in the end everything is shown.
func TestStuckScreen(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	s.keys("go\r")
	s.next()
	s.stall.Lock() // the emulator's reader stands still, and so does the terminal
	for i := range 3000 {
		s.events(completed(agent.Item{ID: fmt.Sprint(i), Type: agent.Notice, Text: strings.Repeat("word ", 10) + fmt.Sprint(i)}))
	}
	ctx, stop := context.WithCancel(context.Background())
	asked := make(chan error, 1)
	go func() {
		_, err := s.Ask(ctx, tool.Question{Command: "x"})
		asked <- err
	}()
	stop()
	<-asked
	s.keys("\x1b")
	got := s.next()
	s.stall.Unlock()
	if got != "interrupted" {
		t.Errorf("%q", got)
	}
	s.wait("2999", "Ask for")
}

// TestNothingStarts sets up programs that charm's libraries know how to start: with the
// screen on a terminal in tmux none is started.
func TestNothingStarts(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tmux", "xclip", "xsel", "wl-paste", "wl-copy"} {
		script := "#!/bin/sh\necho started >> " + filepath.Join(dir, "started") + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	t.Setenv("TMUX", "/tmp/tmux-0/default,1,0")
	t.Setenv("TERM", "tmux-256color")
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	s.keys("a\x16b") // ctrl-v
	s.wait("┃ ab")
	s.keys("\x15/quit\r")
	s.ends(0)
	if _, err := os.Stat(filepath.Join(dir, "started")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a program was started: %v", err)
	}
}

// TestEditor gives the draft to an editor and takes it back.
func TestEditor(t *testing.T) {
	var s *terminal
	s = open(t, 80, 24, func(c *Config) {
		c.Edit = func(_ context.Context, draft string) (Session, func() (string, error), error) {
			if draft != "a draft" {
				t.Errorf("%q", draft)
			}
			typed := make(chan string, 1)
			e, _, end := s.session(1, "vi", func(text string) { typed <- "typed " + text + "\nmore" })
			inner := e.Type
			e.Type = func(text string) error { defer end(); return inner(text) }
			return e, func() (string, error) { return <-typed, nil }, nil
		}
	})
	s.wait("Ask for")
	s.keys("a draft\x07keys")
	s.wait("┃ typed keys", "┃ more")
}
