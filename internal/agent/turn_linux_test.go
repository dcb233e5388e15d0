package agent

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/model/standin"
	"github.com/lockstile/lockstile/internal/rollout"
	"github.com/lockstile/lockstile/policy"
)

// TestTurn runs a command by each tool: the events, the record, the history and the
// rollout agree about the start.
func TestTurn(t *testing.T) {
	for name, c := range map[string]struct {
		call    standin.Item
		changes []change
		want    string
	}{
		"unified":       {standin.Call(execName, map[string]any{"cmd": "echo in $PWD", "login": false}), nil, "Process exited with code 0"},
		"on a terminal": {standin.Call(execName, map[string]any{"cmd": "test -t 0 && echo in $PWD", "login": false, "tty": true}), nil, "Process exited with code 0"},
		"classic":       {standin.Call(shellName, map[string]any{"command": []string{"sh", "-c", "echo in $PWD"}}), []change{classic}, "Exit code: 0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, standin.Answers(standin.Of(standin.Reasoning("hm"), named(c.call, "c1")), standin.Say("It is done.")), c.changes...)
			w.must(w.turn("go"))
			has(t, w.output("c1"), marked, c.want, "in "+w.ws)
			ran := w.completed(CommandExecution)
			if len(ran) != 1 || ran[0].Status != Completed || ran[0].Exit == nil || *ran[0].Exit != 0 || ran[0].Sandbox == nil {
				t.Fatalf("%+v", ran)
			}
			line := w.start("c1")
			if s := ran[0].Sandbox; s.Seq != line.Seq || s.Proven != len(line.Proven) || s.Proven < 10 || s.Mode != "workspace-write" || s.Network != "off" || line.Channel != "agent" {
				t.Errorf("shown %+v, in the log %+v", s, line)
			}
			if said := w.completed(AgentMessage); len(said) != 1 || said[0].Text != "It is done." {
				t.Errorf("%+v", said)
			}
			if thought := w.completed(Reasoning); len(thought) != 1 || thought[0].Text != "hm" {
				t.Errorf("%+v", thought)
			}
			all := w.all()
			if all[0].Type != ThreadStarted || all[len(all)-1].Type != TurnCompleted {
				t.Errorf("from %v to %v", all[0].Type, all[len(all)-1].Type)
			}
			w.sameOnDisk()
		})
	}
}

// sameOnDisk checks that the rollout has the history.
func (w *world) sameOnDisk() {
	w.t.Helper()
	lines, err := rollout.Read(w.Rollout.Path)
	w.must(err)
	items := 0
	for _, l := range lines {
		if l.Type == rollout.Item {
			items++
		}
	}
	if items != len(w.history) || lines[0].Type != rollout.Meta {
		w.t.Errorf("the rollout has %d items, the history %d; the first line is %s", items, len(w.history), lines[0].Type)
	}
}

// TestToolsByFeature checks that the feature unified_exec chooses the tools.
func TestToolsByFeature(t *testing.T) {
	w := newWorld(t, standin.Answers(standin.Of(named(standin.Call(shellName, map[string]any{"command": []string{"true"}}), "c1"))))
	w.must(w.turn("go"))
	if r := w.last(); !r.HasTool(execName) || !r.HasTool(writeName) || r.HasTool(shellName) {
		t.Errorf("unified: %v", r.Tools)
	}
	has(t, w.output("c1"), "unsupported call: shell")
	w = newWorld(t, standin.Answers(standin.Of(exec("c1", "true"))), classic)
	w.must(w.turn("go"))
	if r := w.last(); r.HasTool(execName) || r.HasTool(writeName) || !r.HasTool(shellName) {
		t.Errorf("classic: %v", r.Tools)
	}
	has(t, w.output("c1"), "unsupported call: exec_command")
	for _, l := range w.log() {
		t.Errorf("a start: %+v", l)
	}
}

// TestBadCalls checks that a call that makes no sense has an output that says so, and that
// the turn goes on.
func TestBadCalls(t *testing.T) {
	calls := []standin.Item{
		standin.Call(execName, "{nope"), standin.Call(execName, `{"cmd":7}`), standin.Call(execName, `{}`), standin.Call("rm_rf", map[string]any{}),
		standin.Call(execName, map[string]any{"cmd": "true\x00", "login": false}), standin.Call(writeName, `{"session_id":7}`), standin.Call(writeName, `[]`),
		standin.Custom("exec_command", "ls"), standin.Custom(patchName, "nothing"), standin.Call(patchName, "nothing"), standin.Call(planName, `{"plan":7}`),
		standin.Call(imageName, `{"path":"no.png"}`), {Type: "function_call", Name: "x", Namespace: "mcp__none", Text: "{}"},
		standin.Call(execName, map[string]any{"cmd": strings.Repeat("x", 2<<20), "login": false}),
		standin.Call(execName, map[string]any{"cmd": "true", "workdir": "/no/such", "login": false}),
	}
	for i := range calls {
		calls[i].CallID = fmt.Sprintf("c%d", i)
	}
	w := newWorld(t, standin.Answers(standin.Of(calls...)))
	w.must(w.turn("go"))
	for i, want := range []string{
		"failed to parse", "failed to parse", "cmd is empty", "unsupported call: rm_rf", "NUL", "unknown session id 7", "failed to parse",
		"unsupported call", "apply_patch failed", "failed to parse", "failed to parse", "view_image failed", "unsupported call: mcp__none__x", "", "",
	} {
		if got := w.output(fmt.Sprintf("c%d", i)); !strings.Contains(got, want) || got == "" {
			t.Errorf("call %d (%s): %.300q, want %q", i, calls[i].Name, got, want)
		}
	}
}

// TestSideBySide checks that calls run side by side, and that a patch waits for the calls
// before it and holds the calls behind it up.
func TestSideBySide(t *testing.T) {
	const meet = "mkdir %s; for i in $(seq 500); do test -d %s && exit 0; sleep 0.02; done; exit 1"
	const add = "*** Begin Patch\n*** Add File: patched\n+x\n*** End Patch"
	w := newWorld(t, standin.Answers(standin.Of(
		exec("a", fmt.Sprintf(meet, "one", "two")), exec("b", fmt.Sprintf(meet, "two", "one")), exec("early", "sleep 0.3; test ! -e patched"),
		named(standin.Custom(patchName, add), "p"), exec("late", "test -e patched"),
	)))
	w.must(w.turn("go"))
	for _, id := range []string{"a", "b", "early", "late"} {
		has(t, w.output(id), "code 0")
	}
	has(t, w.output("p"), "Success")
}

// TestPatchItem checks the item of a patch: the record, the difference, and the reason of
// a patch that the sandbox stops.
func TestPatchItem(t *testing.T) {
	const add = "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"
	w := newWorld(t, standin.Answers(standin.Of(named(standin.Call(patchName, map[string]any{"input": add}), "p1")),
		standin.Of(named(standin.Custom(patchName, strings.Replace(add, "a\n", "../a\n", 1)), "p2"))))
	w.must(w.turn("go"))
	got := w.completed(FileChange)
	if len(got) != 2 || got[0].Status != Completed || got[0].Changes[0].Diff == "" || got[0].Sandbox == nil || got[0].Sandbox.Seq != w.start("p1").Seq {
		t.Fatalf("%+v", got)
	}
	if got[1].Status != Failed || got[1].Text == "" || got[1].Sandbox.Seq != w.start("p2").Seq {
		t.Errorf("%+v", got[1])
	}
	has(t, w.output("p2"), "apply_patch failed", "../a")
	if _, err := os.Stat(w.dir + "/a"); err == nil {
		t.Error("the file outside is there")
	}
}

// TestImage checks that an image reaches the model, and that the sandbox decides which
// files are images.
func TestImage(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 100)
	deny := func(w *world, p *policy.Policy, _ *Options) {
		w.must(os.WriteFile(w.ws+"/a.png", []byte(png), 0o600))
		w.must(os.WriteFile(w.ws+"/secret.png", []byte(png), 0o600))
		w.must(os.WriteFile(w.ws+"/text", []byte("no image"), 0o600))
		p.Read = append(policy.ReadEverything(), policy.ReadRule{Pattern: w.ws + "/secret.png"})
	}
	look := func(id, path string) standin.Item {
		return named(standin.Call(imageName, map[string]any{"path": path}), id)
	}
	w := newWorld(t, standin.Answers(standin.Of(look("i1", "a.png"), look("i2", "secret.png"), look("i3", "text"), look("i4", "/dev/zero"), look("i5", "."))), deny)
	w.must(w.turn("go"))
	has(t, w.output("i1"), "data:image/png;base64,iVBORw0K")
	for _, id := range []string{"i2", "i3", "i4", "i5"} {
		has(t, w.output(id), "view_image failed")
	}
	if w.start("i2").Event != "start" {
		t.Error("the file was not read inside")
	}
}

// TestEndless checks that a turn that looks endless fails, or asks where somebody can be
// asked.
func TestEndless(t *testing.T) {
	same := func(r standin.Request) standin.Answer {
		return standin.Of(exec(fmt.Sprint("c", r.Number), "echo same"))
	}
	w := newWorld(t, same)
	if err := w.turn("go"); err == nil || !strings.Contains(err.Error(), "the same call 5 times") {
		t.Errorf("%v", err)
	}
	if n := len(w.server.Requests()); n != mostSame {
		t.Errorf("%d requests", n)
	}
	other := func(r standin.Request) standin.Answer {
		calls := make([]standin.Item, 50)
		for i := range calls {
			calls[i] = named(standin.Call(planName, map[string]any{"plan": []any{map[string]any{"step": fmt.Sprint(r.Number, i), "status": "x"}}}), fmt.Sprint(r.Number, "_", i))
			calls[i].Name = fmt.Sprint("none", r.Number, i)
		}
		return standin.Of(calls...)
	}
	asked := 0
	w = newWorld(t, other, func(_ *world, _ *policy.Policy, o *Options) {
		o.GoOn = func(_ context.Context, why string) bool { asked++; return asked < 3 }
	})
	if err := w.turn("go"); err == nil || !strings.Contains(err.Error(), "200 calls") || asked != 3 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}

// TestManyCallsAtOnce has one answer hold more calls than a turn may have without a
// question.
func TestManyCallsAtOnce(t *testing.T) {
	plans := make([]standin.Item, mostCalls+100)
	for i := range plans {
		plans[i] = named(standin.Call(planName, map[string]any{"plan": []any{map[string]any{"step": fmt.Sprint(i), "status": "x"}}}), fmt.Sprint("c", i))
	}
	w := newWorld(t, standin.Answers(standin.Of(plans...)), func(_ *world, _ *policy.Policy, o *Options) {
		o.GoOn = func(context.Context, string) bool { return true }
	})
	w.must(w.turn("go"))
	if n := len(w.completed(TodoList)); n != mostCalls {
		t.Errorf("%d calls were carried out", n)
	}
	has(t, w.output(fmt.Sprint("c", mostCalls)), "the call was not carried out", "200 calls")
}
