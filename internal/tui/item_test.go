package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/patch"
)

func ptr(n int) *int { return &n }

// TestBadges lists what the log can say; what it doesn't say is never shown.
func TestBadges(t *testing.T) {
	for want, s := range map[string]*agent.Sandbox{
		"⚠ proven in part: no namespaces #4": {Mode: "workspace-write", Seq: 4, Proven: 20, NotHeld: "without namespaces"},
		"":                                   nil,
		"✔ proven #17":                       {Mode: "workspace-write", Network: "off", Seq: 17, Proven: 31},
		"✖ not approved":                     {Mode: "workspace-write", Refused: "approve", Seq: 4},
		`✖ refused: seccomp\x1b #5`:          {Mode: "workspace-write", Refused: "seccomp\x1b", Seq: 5},
		"⚠ unconfined, as you allowed #9":    {Mode: "danger-full-access", Network: "on", Seq: 9},
		"⚠ unconfined, as you allowed #3":    {Mode: "danger-full-access", Seq: 3, Proven: 7},
		"✖ refused: landlock":                {Mode: "workspace-write", Refused: "landlock"},
	} {
		b := badgeOf(s)
		if b.text() != want || ansi.Strip(b.drawn()) != want {
			t.Errorf("%+v: %q and %q, want %q", s, b.text(), b.drawn(), want)
		}
	}
	for _, s := range []*agent.Sandbox{{}, {Mode: "workspace-write"}, {Mode: "workspace-write", Seq: 3}, {Mode: "danger-full-access"}, {Mode: "workspace-write", Proven: 20}} {
		if b := badgeOf(s); b.words != "" {
			t.Errorf("%+v has the badge %q without a record of proofs", s, b.words)
		}
	}
}

func TestItems(t *testing.T) {
	proven := &agent.Sandbox{Mode: "workspace-write", Network: "off", Seq: 3, Proven: 30}
	diff := "--- a/x\n+++ b/x\n@@ -6,3 +6,4 @@ func\n a\n-\tb\n+\tB\n+-- c\n d\n@@ -20 +21 @@\n--- e\n+e\n\\ No newline at end of file\n"
	for name, c := range map[string]struct {
		item agent.Item
		want string
	}{
		"a command": {agent.Item{Type: agent.CommandExecution, Command: "make\ntest\n", Output: "1\n2\n3\n4\n5\n6\x1b[1m\n\x1b[2J7\n", Exit: ptr(2), Millis: 1234, Sandbox: proven},
			"\n● $ make\n    test\n│ … 2 lines more · ctrl-o shows all\n│ 3\n│ 4\n│ 5\n│ 6\n│ 7\n└ exit 2 · 1.2 s · ✔ proven #3"},
		"a refusal": {agent.Item{Type: agent.CommandExecution, Command: "x", Status: agent.Declined, Reason: "refused at attest: no\nhint: mend", Sandbox: &agent.Sandbox{Refused: "seccomp", Seq: 8}},
			"\n● $ x\n│ refused at attest: no\n│ hint: mend\n└ ✖ refused: seccomp #8"},
		"a short command": {agent.Item{Type: agent.CommandExecution, Command: "x", Output: "\r\n⠙\x1b[1G\x1b[0K\nready", Exit: ptr(0), Millis: 42}, "\n● $ x\n│ ready\n└ exit 0 · 42 ms"},
		"no record":       {agent.Item{Type: agent.CommandExecution, Command: "x", Exit: ptr(0), ByUser: true}, "\n● ! x\n└ exit 0"},
		"a session": {agent.Item{Type: agent.CommandExecution, Command: "x", Session: 1234, Sandbox: proven, Obstacles: []string{"network off\n: x"}},
			"\n● $ x\n│ network off : x\n└ runs on as session 1234 · ✔ proven #3"},
		"a change": {agent.Item{Type: agent.FileChange, Status: agent.Completed, Sandbox: proven, Changes: []patch.Change{{Kind: patch.Update, Path: "x\u202e.go", Diff: diff}, {Kind: patch.Delete, Path: "y"}}},
			"\n● Edited x\\u202e.go  +3 -2\n│    6   a\n│    7 -     b\n│    7 +     B\n│    8 + -- c\n│    9   d\n│    ⋮\n│   20 - -- e\n│   21 + e\n\n● Deleted y\n└ written · ✔ proven #3"},
		"no change": {agent.Item{Type: agent.FileChange, Status: agent.Failed, Text: "line not found", Changes: []patch.Change{{Kind: patch.Add, Path: "x"}}},
			"\n● Add x\n│ line not found\n└ nothing was changed"},
		"a call":    {agent.Item{Type: agent.MCPToolCall, Server: "s\x1b", Tool: "t", Arguments: `{"a":1}`, Output: "out", Status: agent.Failed}, "\n● s\\x1b t {\"a\":1}\n│ out\n└ failed"},
		"a plan":    {agent.Item{Type: agent.TodoList, Items: []agent.Todo{{Text: "a", Completed: true}, {Text: "b\n"}}}, "\n● Plan\n  ☑ a\n  ☐ b\\n"},
		"a thought": {agent.Item{Type: agent.Reasoning, Text: "I\nthink"}, "\n  I\n  think"},
		"a notice":  {agent.Item{Type: agent.Notice, Text: "summed up"}, "\n· summed up"},
		"a problem": {agent.Item{Type: agent.ErrorItem, Text: "bad\x07"}, "\n✖ bad\\x07"},
		"a user":    {agent.Item{Type: agent.UserMessage, Text: "do\nit"}, "\n› do\n  it"},
	} {
		lines := drawing{width: 80}.item(&c.item)
		if got := ansi.Strip(strings.Join(lines, "\n")); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		for _, l := range lines {
			if acts(l) {
				t.Errorf("%s: %q", name, l)
			}
		}
	}
}

// TestWidth draws wide items narrowly: no line of a folded item is wider than the terminal.
func TestWidth(t *testing.T) {
	long := strings.Repeat("日本語 word👍🏽 ", 40)
	for _, w := range []int{20, 40, 80, 200} {
		for _, i := range []agent.Item{
			{Type: agent.CommandExecution, Command: long, Output: long, Session: 99999, Sandbox: &agent.Sandbox{Refused: long, Seq: 1}},
			{Type: agent.FileChange, Status: agent.Completed, Changes: []patch.Change{{Kind: patch.Update, Path: long, To: long, Diff: "@@ -1 +1 @@\n-" + long + "\n+" + long + "\n"}}},
			{Type: agent.MCPToolCall, Server: long, Tool: long, Output: long}, {Type: agent.Notice, Text: long}, {Type: agent.TodoList, Items: []agent.Todo{{Text: long}}},
			{Type: agent.UserMessage, Text: long}, {Type: agent.ErrorItem, Text: long}, {Type: agent.Reasoning, Text: long},
		} {
			for _, spin := range []string{"", "⠋"} {
				for _, l := range (drawing{width: w, spin: spin}).item(&i) {
					if width(l) > w {
						t.Errorf("%s at %d: %d columns: %q", i.Type, w, width(l), ansi.Strip(l))
					}
				}
			}
		}
	}
}
