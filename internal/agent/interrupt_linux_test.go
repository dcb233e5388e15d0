package agent

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/policy"
)

// interrupted runs a turn and interrupts the turn after an event. The turn must fail.
func (w *world) interrupted(prompt string, after func(Event) bool) {
	w.t.Helper()
	ctx, stop := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Turn(ctx, prompt) }()
	w.until(after)
	stop(ErrInterrupted)
	select {
	case err := <-done:
		if !errors.Is(err, ErrInterrupted) {
			w.t.Errorf("the turn ended with %v", err)
		}
	case <-time.After(patience):
		w.t.Fatal("the turn doesn't end")
	}
}

func prints(text string) func(Event) bool {
	return func(e Event) bool {
		return e.Item != nil && e.Item.Type == CommandExecution && strings.Contains(e.Item.Output, text)
	}
}

// TestInterrupt checks the ways of a command at an interrupt: a command that obeys ^C, and
// a command that doesn't. No process is left, the call has an output, and the next turn
// goes on with a whole history.
func TestInterrupt(t *testing.T) {
	for name, c := range map[string]struct {
		cmd, want string
	}{
		"obeys":   {"trap 'echo caught; exit 3' INT; echo pid $$; while :; do sleep 0.05; done", "Process exited with code 3"},
		"ignores": {"trap '' INT; echo pid $$; while :; do sleep 0.05; done", "pid"},
	} {
		for _, tty := range []bool{false, true} {
			t.Run(name+" "+strconv.FormatBool(tty), func(t *testing.T) {
				call := standin.Call(execName, map[string]any{"cmd": c.cmd, "login": false, "tty": tty})
				w := newWorld(t, standin.Answers(standin.Of(named(call, "c1")), standin.Say("done")))
				w.interrupted("go", prints("pid"))
				w.must(w.turn("go on"))
				has(t, w.output("c1"), "interrupted by the user", c.want)
				has(t, w.last().Text("developer"), "The user interrupted")
				if left := processesIn(w.ws); len(left) > 0 {
					t.Errorf("%v are left", left)
				}
				w.sameOnDisk()
			})
		}
	}
}

// processesIn lists processes that have their folder in dir.
func processesIn(dir string) []string {
	var out []string
	all, _ := os.ReadDir("/proc")
	for _, p := range all {
		if cwd, err := os.Readlink("/proc/" + p.Name() + "/cwd"); err == nil && strings.HasPrefix(cwd, dir) {
			text, _ := os.ReadFile("/proc/" + p.Name() + "/cmdline")
			out = append(out, p.Name()+" "+strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return out
}

// TestInterruptStream checks that an interrupt ends an answer on its way, and that nothing
// of the answer counts.
func TestInterruptStream(t *testing.T) {
	slow := standin.Of(standin.Message("partial words"), exec("c1", "touch ran"))
	slow.Silence = patience
	w := newWorld(t, standin.Answers(slow, standin.Say("done")))
	w.interrupted("go", func(e Event) bool { return e.Type == ItemDelta })
	w.must(w.turn("go on"))
	if _, err := os.Stat(w.ws + "/ran"); err == nil {
		t.Error("a call of an answer ran that was never complete")
	}
	if said := w.completed(AgentMessage); len(said) != 1 || said[0].Text != "done" {
		t.Errorf("%+v", said)
	}
}

// TestInterruptLook checks that an interrupt of write_stdin leaves the session alone.
func TestInterruptLook(t *testing.T) {
	begin := standin.Call(execName, map[string]any{"cmd": "echo up; exec sleep 1007", "login": false, "yield_time_ms": 250})
	w := newWorld(t, func(r standin.Request) standin.Answer {
		switch r.Number {
		case 1:
			return standin.Of(named(begin, "c1"))
		case 2:
			text, _ := r.Output("c1")
			_, id, _ := strings.Cut(text, "session ID ")
			id, _, _ = strings.Cut(id, "\n")
			n, _ := strconv.Atoi(id)
			return standin.Of(named(standin.Call(writeName, map[string]any{"session_id": n, "yield_time_ms": 60_000}), "c2"))
		}
		return standin.Say("done")
	})
	w.interrupted("go", func(e Event) bool { return len(w.server.Requests()) == 2 })
	if all := w.Sessions().List(); len(all) != 1 {
		t.Fatalf("%d sessions", len(all))
	} else if _, over, _ := all[0].Exit(); over {
		t.Error("the session has ended")
	}
	w.must(w.turn("go on"))
	has(t, w.output("c2"), "interrupted by the user")
}

// TestRefused checks that a start that the gate refuses, and a start that needs an
// approval, are declined: on the screen and to the model.
func TestRefused(t *testing.T) {
	call := named(standin.Call(execName, map[string]any{"cmd": "touch ran", "login": false, "sandbox_permissions": "require_escalated", "justification": "please"}), "c1")
	var asked tool.Question
	w := newWorld(t, standin.Answers(standin.Of(call)), func(_ *world, p *policy.Policy, o *Options) {
		p.Approval = policy.ApprovalOnRequest
		o.Ask = func(_ context.Context, q tool.Question) (string, error) { asked = q; return "", nil }
	})
	w.must(w.turn("go"))
	ran := w.completed(CommandExecution)
	if len(ran) != 1 || ran[0].Status != Declined || ran[0].Sandbox.Refused != "approve" || ran[0].Sandbox.Proven != 0 || ran[0].Sandbox.Seq != w.start("c1").Seq {
		t.Errorf("%+v %+v", ran[0], ran[0].Sandbox)
	}
	if w.start("c1").Event != "refusal" || !asked.Escalate || asked.Justification != "please" {
		t.Errorf("%+v, asked %+v", w.start("c1"), asked)
	}
	has(t, w.output("c1"), "the user said no")
	if _, err := os.Stat(w.ws + "/ran"); err == nil {
		t.Error("the command ran")
	}
}

// TestEscalated checks that a yes of the user is shown as what it is: a start without
// confinement.
func TestEscalated(t *testing.T) {
	call := named(standin.Call(execName, map[string]any{"cmd": "touch ../outside", "login": false, "sandbox_permissions": "require_escalated"}), "c1")
	w := newWorld(t, standin.Answers(standin.Of(call)), func(_ *world, p *policy.Policy, o *Options) {
		p.Approval = policy.ApprovalOnRequest
		o.Ask = func(context.Context, tool.Question) (string, error) { return "the test", nil }
	})
	w.must(w.turn("go"))
	s := w.completed(CommandExecution)[0].Sandbox
	if line := w.start("c1"); s.Mode != "danger-full-access" || s.Network != "on" || line.Mode != s.Mode || line.Seq != s.Seq {
		t.Errorf("shown %+v, in the log %+v", s, line)
	}
}

// TestRun checks the user's own command: in the sandbox, shown as the user's, and told to
// the model with the next prompt.
func TestRun(t *testing.T) {
	w := newWorld(t, standin.Always(standin.Say("done")), func(_ *world, p *policy.Policy, _ *Options) { p.Approval = policy.ApprovalUntrusted })
	w.must(w.Run(context.Background(), "echo $((6*7)); touch ../outside"))
	ran := w.completed(CommandExecution)
	if len(ran) != 1 || !ran[0].ByUser || ran[0].Sandbox == nil || ran[0].Sandbox.Mode != "workspace-write" || ran[0].Status != Failed {
		t.Fatalf("%+v", ran)
	}
	if _, err := os.Stat(w.dir + "/outside"); err == nil {
		t.Error("the command wrote outside")
	}
	w.must(w.turn("what was that?"))
	has(t, w.last().Text("user"), "The user ran this command:\necho $((6*7))", "42")
}
