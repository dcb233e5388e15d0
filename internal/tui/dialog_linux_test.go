package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/tool"
)

// hostile is a command whose end must be seen before a yes.
const hostile = "rm -rf ~/everything"

// TestDialogKeepsTheCommandInSight asks with words of the model that would push the command
// off the screen, and with a command whose end would be cut off.
func TestDialogKeepsTheCommandInSight(t *testing.T) {
	app := "/home/alice/src/app"
	for name, q := range map[string]tool.Question{
		"a long reason":             {Command: hostile, Dir: app, Escalate: true, Justification: strings.Repeat("It only looks. ", 500)},
		"a reason of many lines":    {Command: hostile, Dir: app, Escalate: true, Justification: strings.Repeat("x\n", 500)},
		"a long folder":             {Command: hostile, Dir: "/" + strings.Repeat("d/", 5000), Escalate: true},
		"letters of two widths":     {Command: "echo " + strings.Repeat("\u00a1\u0940", 40) + "; " + hostile, Dir: app},
		"joined flags":              {Command: "echo " + strings.Repeat("\U0001f1e9", 199) + "; " + hostile, Dir: app},
		"a patch":                   {Command: "apply_patch x", Input: "*** Begin Patch\n*** Add File: x\n+" + hostile + "\n*** End Patch\n", Dir: app},
		"a reason of ten megabytes": {Command: hostile, Dir: app, Escalate: true, Justification: strings.Repeat("word ", 2<<20)},
	} {
		for _, size := range [][2]int{{80, 24}, {40, 20}} {
			t.Run(fmt.Sprint(name, size), func(t *testing.T) {
				s := open(t, size[0], size[1], nil)
				s.wait("Ask for")
				ctx, stop := context.WithCancel(context.Background())
				defer stop()
				go func() { _, _ = s.Ask(ctx, q) }()
				s.until(hostile, func(text string) bool {
					return strings.Contains(text, "y yes, once") && strings.Contains(text, "sandbox?") && strings.Contains(strings.ReplaceAll(text, "\n┃   ", ""), hostile)
				})
			})
		}
	}
}

// TestTwoWidths breaks and cuts signs that some terminals draw wider than others: no line
// is wider than the room on any of them.
func TestTwoWidths(t *testing.T) {
	line := "echo " + strings.Repeat("\u00a1\u0940", 40) + "; " + hostile
	for _, l := range hardwrap(line, 40) {
		if width(l) > 40 {
			t.Errorf("%d columns: %q", width(l), l)
		}
	}
	if l := cut(in(bold, line), 40); width(l) > 40 || width(l) < 30 {
		t.Errorf("%d columns: %q", width(l), l)
	}
}

// TestDialogNeedsRoom asks on a terminal that is too small for the question: a yes doesn't
// count before the terminal is larger.
func TestDialogNeedsRoom(t *testing.T) {
	s := open(t, 60, 7, nil)
	s.waitQuiet()
	answer := make(chan string, 1)
	go func() {
		by, _ := s.Ask(context.Background(), tool.Question{Command: hostile, Dir: "/", Escalate: true, Justification: "please"})
		answer <- by
	}()
	s.wait("a yes needs a larger window")
	time.Sleep(settle + settle/2)
	s.keys("y")
	s.resize(60, 24)
	s.wait("y yes, once", hostile)
	select {
	case by := <-answer:
		t.Fatalf("approved out of sight by %q", by)
	default:
	}
	s.resize(60, 7)
	s.wait("a yes needs a larger window")
	s.keys("n")
	if by := <-answer; by != "" {
		t.Errorf("n answers %q", by)
	}
}

// waitQuiet waits until the screen has drawn something.
func (s *terminal) waitQuiet() {
	s.Helper()
	s.until("anything", func(text string) bool { return strings.TrimSpace(text) != "" })
}

// TestDialogWithdrawn takes the shown question away: a key counts for no question that was
// never drawn.
func TestDialogWithdrawn(t *testing.T) {
	now := time.Now()
	a, b := &question{answer: make(chan bool, 1)}, &question{answer: make(chan bool, 1)}
	d := dialog{asked: []*question{a, b}, shown: a, large: true, quiet: now.Add(-time.Hour)}
	a.withdrawn.Store(true)
	if d.first() != b || !d.key("y", now) || len(b.answer) != 0 {
		t.Error("a yes to the question before counts for the next one")
	}
	d.shown = b
	if !d.key("y", now) || !<-b.answer {
		t.Error("a yes to the shown question doesn't count")
	}
}

// TestLongCommandIsFast draws a command of ten megabytes many times.
func TestLongCommandIsFast(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	s.keys("go\r")
	s.next()
	command := strings.Repeat("echo a long command; ", 500_000)
	s.events(started(agent.Item{ID: "1", Type: agent.CommandExecution, Command: command}), started(agent.Item{ID: "2", Type: agent.MCPToolCall, Server: "s", Tool: "t", Arguments: command}))
	s.session(7, command, nil)
	for range 40 {
		s.keys("x\x7f")
		time.Sleep(5 * time.Millisecond)
	}
	s.keys("typed")
	s.wait("typed")
	s.keys("\x1b")
	if got := s.next(); got != "interrupted" {
		t.Error(got)
	}
}

// TestPlainBadge has a model, a server, a command and a command line write what looks like
// a badge: no line of theirs is a line that a record makes.
func TestPlainBadge(t *testing.T) {
	lies := "x\nexit 0  ✔ proven #3\r\n  exit 0  ✔ proven #3"
	var b strings.Builder
	Plain(&b, started(agent.Item{Type: agent.CommandExecution, Command: lies}))
	Plain(&b, completed(agent.Item{Type: agent.MCPToolCall, Status: agent.Completed, Output: lies, Obstacles: []string{lies}}))
	Plain(&b, completed(agent.Item{Type: agent.FileChange, Status: agent.Declined, Reason: lies}))
	Plain(&b, completed(agent.Item{Type: agent.AgentMessage, Text: lies}))
	Plain(&b, completed(agent.Item{Type: agent.Reasoning, Text: lies}))
	Plain(&b, completed(agent.Item{Type: agent.TodoList, Items: []agent.Todo{{Text: lies}}}))
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "exit 0") {
			t.Errorf("%q", line)
		}
	}
	var exit int
	b.Reset()
	Plain(&b, completed(agent.Item{Type: agent.CommandExecution, Exit: &exit, Sandbox: &agent.Sandbox{Seq: 3, Proven: 9}}))
	if b.String() != "exit 0  ✔ proven #3\n" {
		t.Errorf("%q", b.String())
	}
}

// TestMargin has a model write what looks like a command with a badge, in each form of
// Markdown: the first column stays empty, since lockstile's marks stand there.
func TestMargin(t *testing.T) {
	lies := "● $ whoami\n└ exit 0 · ✔ proven #3\n\n```\n● $ whoami\n└ exit 0 · ✔ proven #3\n```\n# └ proven\n> └ proven\n- └ proven\n\n| └ a | b |\n|---|---|\n| └ proven | x |\n" + strings.Repeat("└ proven ", 30)
	for _, piece := range []int{1, 7, len(lies)} {
		tr := transcript{width: 40}
		item := agent.Item{ID: "m", Type: agent.AgentMessage}
		lines := tr.event(started(item))
		for i := 0; i < len(lies); i += piece {
			lines = append(lines, tr.event(delta(item, lies[i:min(i+piece, len(lies))]))...)
			lines = append(lines, tr.live("", time.Now())...)
		}
		item.Text = lies
		lines = append(lines, tr.event(completed(item))...)
		lines = append(lines, drawing{width: 40}.item(&agent.Item{Type: agent.Reasoning, Text: lies})...)
		lines = append(lines, drawing{width: 40}.item(&agent.Item{Type: agent.TodoList, Items: []agent.Todo{{Text: lies}}})[2:]...)
		for _, line := range lines {
			if text := ansi.Strip(line); text != "" && !strings.HasPrefix(text, margin) || width(line) >= 40 {
				t.Errorf("in pieces of %d: %q", piece, line)
			}
		}
	}
}
