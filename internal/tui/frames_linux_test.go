package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/patch"
	"github.com/lockstile/lockstile/internal/tool"
)

var quitForTest = tea.QuitMsg{}

var sizes = [][2]int{{80, 24}, {120, 40}, {40, 20}}

var proof = &agent.Sandbox{Mode: "workspace-write", Network: "off", Seq: 17, Proven: 31}

// TestFrames compares what stands on the screen, at three sizes, with golden frames.
func TestFrames(t *testing.T) {
	for _, size := range sizes {
		name := func(what string) string { return fmt.Sprintf("%s-%dx%d", what, size[0], size[1]) }
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			s := open(t, size[0], size[1], nil)
			s.wait("Ask for", "12k/128k")
			s.golden(name("start"))
			framesOfTurn(s, name)
			framesOfQuestions(s, name)
			s.keys("/diff\r")
			s.wait("/diff", "patches alone")
			s.golden(name("diff-command"))
			s.session(51234, "npm run dev", func(string) {})
			s.session(51235, "tail -f "+strings.Repeat("log ", 30), func(string) {})
			s.keys("/sessions\r")
			s.until("two lists", func(text string) bool { return strings.Count(text, "◆ 51234") == 2 })
			s.golden(name("sessions"))
		})
	}
}

func framesOfTurn(s *terminal, name func(string) string) {
	s.keys("run whoami in a terminal\r")
	s.next()
	command := agent.Item{ID: "1", Type: agent.CommandExecution, Command: "whoami; id", Status: agent.InProgress}
	s.events(started(command))
	command.Output, command.Sandbox = "alice\n", proof
	s.events(updated(command))
	s.wait("working", "alice", "proven")
	s.golden(name("running"))
	command.Status, command.Exit, command.Millis = agent.Completed, ptr(0), 212
	message := agent.Item{ID: "2", Type: agent.AgentMessage}
	thought := agent.Item{ID: "3", Type: agent.Reasoning, Text: "The user wants to know the account."}
	s.events(completed(command), completed(thought), started(agent.Item{ID: "3b", Type: agent.Reasoning}), delta(agent.Item{ID: "3b", Type: agent.Reasoning}, "Another thought that goes on."), started(message), delta(message, "The command ran **inside** the sandbox:\n\n1. as `alice`\n2. and so"))
	s.wait("and so", "whoami", "wants", "goes on")
	s.golden(name("streaming"))
	message.Text = "The command ran **inside** the sandbox:\n\n1. as `alice`\n2. and so on"
	s.events(delta(message, " on"), completed(message), agent.Event{Type: agent.TurnCompleted})
	s.over(nil)
	s.waitGone("working")
	s.wait("so on")
	s.golden(name("proven"))

	s.keys("change it\r")
	s.next()
	s.events(completed(agent.Item{ID: "4", Type: agent.FileChange, Status: agent.Completed, Sandbox: proof, Millis: 5, Changes: []patch.Change{
		{Kind: patch.Update, Path: "parse.go", Diff: "@@ -6,3 +6,4 @@\n func parse(s string) (Node, error) {\n-\treturn scan(s)\n+\ts = strings.TrimSpace(s)\n+\treturn read(s)\n }\n"},
		{Kind: patch.Add, Path: "parse_test.go", Diff: "@@ -0,0 +1,2 @@\n+package p\n+// end\n"}}}),
		completed(agent.Item{ID: "5", Type: agent.TodoList, Items: []agent.Todo{{Text: "Find why the test fails", Completed: true}, {Text: "Run the tests again"}}}))
	s.over(nil)
	s.waitGone("working")
	s.golden(name("diff"))

	s.keys("!ls /etc/shadow\r")
	s.next()
	s.events(completed(agent.Item{ID: "6", Type: agent.CommandExecution, Command: "ls /etc/shadow", ByUser: true, Status: agent.Declined, Reason: "refused at attest (seccomp): the filter is not in force\nhint: lockstile doctor", Sandbox: &agent.Sandbox{Mode: "workspace-write", Seq: 20, Refused: "seccomp"}}))
	s.over(nil)
	s.waitGone("working")
	s.golden(name("refused"))
}

func framesOfQuestions(s *terminal, name func(string) string) {
	answers := make(chan string, 1)
	ask := func(q tool.Question) {
		go func() {
			by, err := s.Ask(context.Background(), q)
			answers <- fmt.Sprintf("%s %v", by, err)
		}()
	}
	s.keys("install it\r")
	s.next()
	ask(tool.Question{Command: "npm install left-pad", Dir: "/home/alice/src/app", Escalate: true, Justification: "The package has to be fetched. \x1b[2J\u202e May I?"})
	s.wait("y yes, once")
	s.golden(name("escalated"))
	s.keys("y")
	if got := <-answers; got != asker+" <nil>" {
		s.Errorf("y answers %q", got)
	}
	ask(tool.Question{Command: "rm -rf build\n" + strings.Repeat("echo a very long line; ", 4), Dir: "/home/alice/src/app"})
	s.wait("y yes, once", "inside the sandbox?")
	s.golden(name("dialog"))
	s.keys("n")
	if got := <-answers; got != " <nil>" {
		s.Errorf("n answers %q", got)
	}
	s.events(completed(agent.Item{ID: "7", Type: agent.CommandExecution, Command: "npm install left-pad", Output: "added 1 package\n", Exit: ptr(0), Sandbox: &agent.Sandbox{Mode: "danger-full-access", Network: "on", Seq: 21}}),
		completed(agent.Item{ID: "8", Type: agent.CommandExecution, Command: "rm -rf build", Status: agent.Declined, Reason: "the user said no", Sandbox: &agent.Sandbox{Mode: "workspace-write", Seq: 22, Refused: "approve"}}))
	s.over(nil)
	s.waitGone("working")
	s.wait("⚠ unconfined, as you allowed #21", "✖ not approved")
	s.golden(name("answered"))
}

// TestNoModel shows how a model is set; own commands work.
func TestNoModel(t *testing.T) {
	for _, size := range sizes {
		s := open(t, size[0], size[1], func(c *Config) { c.ModelSet = false })
		s.wait("Ask for")
		s.golden(fmt.Sprintf("nomodel-%dx%d", size[0], size[1]))
		s.keys("hello\r")
		s.until("the answer", func(text string) bool {
			return strings.Contains(text[max(strings.Index(text, "› hello"), 0):], "No model is set")
		})
		s.keys("!echo x\r")
		if got := s.next(); got != "run: echo x" {
			t.Errorf("%q", got)
		}
		s.over(nil)
	}
}

// TestEarlyYes types a message while a question comes: the letters of the message answer
// nothing, and a yes counts after a rest.
func TestEarlyYes(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	answer := make(chan string, 1)
	s.keys("why")
	s.wait("┃ why")
	go func() {
		by, _ := s.Ask(context.Background(), tool.Question{Command: "rm -rf /", Escalate: true})
		answer <- by
	}()
	s.wait("WITHOUT")
	for range 5 {
		s.keys("y")
		time.Sleep(20 * time.Millisecond)
	}
	select {
	case by := <-answer:
		t.Fatalf("a letter of a message answered: %q", by)
	default:
	}
	s.wait("y yes, once")
	s.keys("y")
	select {
	case by := <-answer:
		if by != asker {
			t.Errorf("approved by %q", by)
		}
	case <-time.After(bound):
		t.Fatal("no answer")
	}
	s.wait("┃ whyyyyyy")
}

// TestWithdrawn ends a question whose turn was interrupted.
func TestWithdrawn(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() {
		_, err := s.Ask(ctx, tool.Question{Command: "x"})
		over <- err
	}()
	s.wait("y yes, once")
	stop()
	if err := <-over; err == nil {
		t.Error("no error")
	}
	s.wait("Ask for")
}

// TestLongCommand asks about a command that is longer than the screen: the whole command
// stands above the dialog, and each character can be seen.
func TestLongCommand(t *testing.T) {
	s := open(t, 60, 24, nil)
	s.wait("Ask for")
	var command strings.Builder
	for i := range 60 {
		fmt.Fprintf(&command, "echo part-%d of a long command %s\n", i, strings.Repeat(" ", i))
	}
	go func() { _, _ = s.Ask(context.Background(), tool.Question{Command: command.String()}) }()
	s.wait("y yes, once", "more; the whole command stands above")
	s.mu.Lock()
	raw := s.raw.String()
	s.mu.Unlock()
	for i := range 60 {
		if !strings.Contains(raw, fmt.Sprintf("part-%d of", i)) {
			t.Errorf("part %d was never shown", i)
		}
	}
	s.keys("n")
	s.wait("Ask for")
}

// TestGoOn asks whether an endless turn may go on.
func TestGoOn(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	for key, want := range map[string]bool{"y": true, "n": false} {
		answer := make(chan bool, 1)
		go func() { answer <- s.GoOn(context.Background(), "200 calls\x1b") }()
		s.wait("Go on?", `200 calls\x1b`, "y yes")
		s.keys(key)
		if got := <-answer; got != want {
			t.Errorf("%s: %v", key, got)
		}
		s.waitGone("Go on?")
	}
}

// TestBrokenAnswer shows an answer that breaks off and comes again.
func TestBrokenAnswer(t *testing.T) {
	s := open(t, 80, 24, nil)
	s.wait("Ask for")
	s.keys("go\r")
	s.next()
	first, second := agent.Item{ID: "1", Type: agent.AgentMessage}, agent.Item{ID: "2", Type: agent.AgentMessage}
	s.events(started(first), delta(first, "Half an ans"), updated(first), agent.Event{Type: agent.ErrorEvent, Message: "the stream was cut; asking again in 0.2s"}, started(second), delta(second, "The whole"))
	s.wait("broke off", "asking again", "The whole")
	second.Text = "The whole answer."
	s.events(completed(second))
	s.over(nil)
	text := s.wait("The whole\n", "Ask for")
	if strings.Count(text, "The whole") != 1 {
		t.Error(text)
	}
}
