package tui

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/patch"
	"github.com/lockstile/lockstile/internal/tool"
)

// TestPlain writes each kind of events as lines.
func TestPlain(t *testing.T) {
	long := strings.Repeat("line\n", 30)
	var out strings.Builder
	for _, e := range []agent.Event{
		{Type: agent.ThreadStarted, ThreadID: "x"}, {Type: agent.TurnStarted}, {Type: agent.ErrorEvent, Message: "asking again\x1b"},
		started(agent.Item{Type: agent.CommandExecution, Command: "a\nb\x1b[2J"}),
		updated(agent.Item{Type: agent.CommandExecution, Command: "a", Output: "not yet"}),
		completed(agent.Item{Type: agent.CommandExecution, Command: "a", Output: long + "\x1b[31mred\n", Exit: ptr(1), Sandbox: proof, Obstacles: []string{"network off"}}),
		completed(agent.Item{Type: agent.CommandExecution, Command: "b", Status: agent.Declined, Reason: "no\nhint: mend", Sandbox: &agent.Sandbox{Refused: "seccomp", Seq: 2}}),
		completed(agent.Item{Type: agent.FileChange, Status: agent.Completed, Sandbox: proof, Changes: []patch.Change{{Kind: patch.Update, Path: "x\u202e", Diff: "@@ -1 +1 @@\n-a\n+b\n"}}}),
		completed(agent.Item{Type: agent.MCPToolCall, Server: "s", Tool: "t", Output: "answer"}),
		completed(agent.Item{Type: agent.TodoList, Items: []agent.Todo{{Text: "a", Completed: true}, {Text: "b"}}}),
		completed(agent.Item{Type: agent.AgentMessage, Text: "Done **so**.\nYes\x07"}),
		{Type: agent.TurnFailed, Error: &agent.Failure{Message: "no answer"}}, {Type: agent.TurnCompleted},
	} {
		Plain(&out, e)
	}
	want := `note: asking again\x1b
$ a
> b\x1b[2J
| (11 lines more)
` + strings.Repeat("| line\n", 19) + `| red
| network off
exit 1  ✔ proven #17
| no
| hint: mend
✖ refused: seccomp #2
Edited x\u202e  +1 -1
completed  ✔ proven #17
s t
| answer
  [x] a
  [ ] b
  Done **so**.
  Yes\x07
failed: no answer
`
	if got := out.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// lines is a screen without cursor movement, on pipes.
type lines struct {
	*terminal
	in  *os.File
	out *bufio.Reader
	all strings.Builder
}

func openLines(t *testing.T, change func(*Config)) *lines {
	t.Helper()
	read, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{TB: t, code: make(chan int, 1), turns: make(chan string, 100), finish: make(chan error)}
	c := Config{In: read, Out: out, Err: io.Discard, Policy: app, ModelSet: true, Plain: true}
	if change != nil {
		change(&c)
	}
	s.Screen = New(c)
	go func() {
		s.code <- s.Run(s.double(c.ModelSet), []agent.Event{completed(agent.Item{Type: agent.AgentMessage, Text: "from before"})})
	}()
	l := &lines{terminal: s, in: in, out: bufio.NewReader(from)}
	t.Cleanup(func() {
		in.Close()
		select {
		case <-s.code:
		case <-time.After(bound):
			t.Error("the screen doesn't end")
		}
		for _, f := range []*os.File{read, from, out} {
			f.Close()
		}
	})
	return l
}

// expect reads until a text has come.
func (l *lines) expect(want string) {
	l.Helper()
	for !strings.Contains(l.all.String(), want) {
		b, err := l.out.ReadByte()
		if err != nil {
			l.Fatalf("no %q: %v in %s", want, err, l.all.String())
		}
		l.all.WriteByte(b)
	}
	if strings.ContainsRune(l.all.String(), 0x1b) {
		l.Errorf("an escape: %q", l.all.String())
	}
	l.all.Reset()
}

func (l *lines) say(text string) {
	if _, err := l.in.WriteString(text + "\n"); err != nil {
		l.Error(err)
	}
}

// TestLines goes through a turn, a question, a command and the end, without one escape.
func TestLines(t *testing.T) {
	l := openLines(t, func(c *Config) {
		c.Answers = map[string]func(context.Context, []string) (string, error){"doctor": func(context.Context, []string) (string, error) { return "all well", nil }}
	})
	l.expect("from before\n> ")
	l.say("go")
	if got := l.next(); got != "turn: go" {
		t.Errorf("%q", got)
	}
	l.say("then this")
	l.expect("then: then this")
	answer := make(chan string, 1)
	go func() {
		by, _ := l.Ask(context.Background(), tool.Question{Command: "rm x", Escalate: true, Justification: "please"})
		answer <- by
	}()
	l.expect("yes or no? ")
	l.say("y")
	l.expect("yes or no? ")
	l.say("yes")
	if by := <-answer; by != asker {
		t.Errorf("%q", by)
	}
	l.events(completed(agent.Item{Type: agent.AgentMessage, Text: "An **answer**."}))
	l.over(nil)
	l.expect("An **answer**.\n")
	if got := l.next(); got != "turn: then this" {
		t.Errorf("%q", got)
	}
	l.over(nil)
	l.expect("> ")
	for _, c := range [][2]string{{"/doctor", "all well"}, {"/help", "/status"}, {"/attach", "not here: /attach"}, {"/sessions", "no command lives on"}} {
		l.say(c[0])
		l.expect(c[1])
	}
	l.say("!ls")
	if got := l.next(); got != "run: ls" {
		t.Errorf("%q", got)
	}
	l.over(nil)
	l.say("/quit")
}

// TestLinesEnd ends the input during a turn: the turn goes on to its end.
func TestLinesEnd(t *testing.T) {
	l := openLines(t, func(c *Config) { c.Prompt = "begin" })
	if got := l.next(); got != "turn: begin" {
		t.Errorf("%q", got)
	}
	l.in.Close()
	l.events(completed(agent.Item{Type: agent.AgentMessage, Text: "the end"}))
	l.over(nil)
	l.expect("the end\n")
	l.ends(0)
}
