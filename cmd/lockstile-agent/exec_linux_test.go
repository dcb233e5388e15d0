package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// TestExecJSON checks the lines of `exec --json`: codex's names in codex's order, with the
// facts of the sandbox as the log has them, and the last message in a file.
func TestExecJSON(t *testing.T) {
	patch := standin.Custom("apply_patch", "*** Begin Patch\n*** Add File: new\n+x\n*** End Patch")
	plan := standin.Call("update_plan", map[string]any{"plan": []any{map[string]any{"step": "look", "status": "completed"}}})
	w := newWorld(t, standin.Answers(standin.Of(standin.Reasoning("hm"), calls("echo hello; env"), patch, plan), standin.Say("All is done.")))
	file := filepath.Join(w.dir, "last")
	r := w.exec("--json", "-o", file, "do", "it")
	r.has(t, 0)
	all := w.events(r.out)
	var got []string
	for _, e := range all {
		name := e.Type
		if e.Item.Type != "" {
			name += " " + e.Item.Type
		}
		got = append(got, name)
	}
	want := []string{"thread.started", "turn.started", "item.completed reasoning", "item.started command_execution", "item.completed command_execution",
		"item.started file_change", "item.completed file_change", "item.completed todo_list", "item.completed agent_message", "turn.completed"}
	if !slices.Equal(sorted(got, 3, 8), sorted(want, 3, 8)) {
		t.Errorf("%q, want %q", got, want)
	}
	ran := completed(all, "command_execution")[0].Item
	if ran.Command != "echo hello; env" || *ran.Exit != 0 || ran.Status != "completed" || !strings.Contains(ran.Output, "hello") {
		t.Errorf("%+v", ran)
	}
	if s := ran.Sandbox; s == nil || s.Mode != "workspace-write" || s.Network != "off" || s.Proven < 10 {
		t.Errorf("the sandbox is %+v", s)
	}
	id := all[0].ThreadID
	for _, kind := range []string{"command_execution", "file_change"} {
		s := completed(all, kind)[0].Item.Sandbox
		found := false
		for _, l := range w.log() {
			found = found || l.Seq == s.Seq && l.Event == "start" && strings.HasPrefix(l.Call, id+"/") && len(l.Proven) == s.Proven && l.Channel == "agent"
		}
		if !found {
			t.Errorf("%s shows %+v, which isn't in the log", kind, s)
		}
	}
	if text, _ := os.ReadFile(file); string(text) != "All is done.\n" {
		t.Errorf("the file has %q", text)
	}
	if strings.Contains(ran.Output, key) || strings.Contains(ran.Output, keyName) {
		t.Error("the key reached a command")
	}
	if got := w.server.Requests()[0].Header.Get("Authorization"); got != "Bearer "+key {
		t.Errorf("the server got the key %q", got)
	}
	if text, _ := os.ReadFile(w.ws + "/new"); string(text) != "x\n" {
		t.Errorf("the patch made %q", text)
	}
	if said := w.verified(); !strings.Contains(said, "sessions: 2 starts are shown as the log has them, 0 are not") {
		t.Errorf("log verify says %s", said)
	}
}

// sorted is a list with a part in alphabetical order: calls run side by side.
func sorted(list []string, from, to int) []string {
	out := slices.Clone(list)
	if len(out) >= to {
		slices.Sort(out[from:to])
	}
	return out
}

// TestExecText checks the streams without --json: the last message alone on standard
// output, as the model wrote it, and all that happened on standard error.
func TestExecText(t *testing.T) {
	w := newWorld(t, standin.Answers(standin.Of(standin.Message("I look."), calls("echo hello")), standin.Say("Tab\there\x1b[31m")))
	r := w.exec("do it")
	if r.out != "Tab\there\x1b[31m\n" {
		t.Errorf("standard output has %q", r.out)
	}
	for _, part := range []string{"$ echo hello", "hello", "proven #"} {
		if !strings.Contains(r.err, part) {
			t.Errorf("%q is missing in %s", part, r.err)
		}
	}
	if strings.Contains(r.err, "\x1b") {
		t.Errorf("an escape in %q", r.err)
	}
}

// TestExecInput checks the ways of the prompt. With words standard input is never waited
// for.
func TestExecInput(t *testing.T) {
	w := newWorld(t, standin.Always(standin.Say("done")))
	for _, c := range []struct {
		args  []string
		input string
		want  string
	}{
		{[]string{"from", "words"}, "", "from words"}, {[]string{"-"}, "from input\n", "from input"}, {nil, "from input too", "from input too"},
		{[]string{"--", "-x is", "a prompt"}, "", "-x is a prompt"}, {[]string{"--", "resume", "work"}, "", "resume work"}, {[]string{"two  blanks"}, "", "two  blanks"},
	} {
		cmd := w.command(program, append([]string{"exec"}, c.args...)...)
		if c.input != "" {
			cmd.Stdin = strings.NewReader(c.input)
		} else { // open, and silent
			read, write, err := os.Pipe()
			w.must(err)
			defer read.Close()
			defer write.Close()
			cmd.Stdin = read
		}
		w.do(cmd).has(t, 0)
		all := w.server.Requests()
		if got := all[len(all)-1].Text("user"); !strings.HasSuffix(got, "\n"+c.want) {
			t.Errorf("%q: the prompt is in %q", c.args, got)
		}
	}
}

// TestExecCodes checks the exit codes, with the message and the mend.
func TestExecCodes(t *testing.T) {
	escalate := calls("touch ran", "sandbox_permissions", "require_escalated", "justification", "please")
	for name, c := range map[string]struct {
		script standin.Script
		config string
		args   []string
		env    string
		code   int
		says   []string
	}{
		"the turn fails":       {standin.Always(standin.Refuse(400, "bad_request", "no such thing")), "", []string{"go"}, "", exitFailed, []string{"no such thing"}},
		"a wrong key":          {standin.Always(standin.Refuse(401, "invalid_api_key", "wrong")), "", []string{"go"}, "", exitFailed, []string{keyName, "hint: "}},
		"no key":               {nil, "", []string{"go"}, keyName + "=", exitUsage, []string{keyName, "config.toml:"}},
		"no model":             {nil, "", []string{"go"}, "LOCKSTILE_HOME=DIR/none", exitUsage, []string{"no model is set", "hint: "}},
		"an unknown flag":      {nil, "", []string{"--jsn", "go"}, "", exitUsage, []string{"jsn", "hint: lockstile exec --json go"}},
		"an unknown key":       {nil, "modell = \"x\"", []string{"go"}, "", exitUsage, []string{"config.toml:3", `"modell"; the nearest is "model"`}},
		"no prompt":            {nil, "", nil, "", exitUsage, []string{"empty"}},
		"an approval":          {standin.Always(standin.Of(escalate)), "", []string{"--json", "go"}, "", exitAsk, []string{"touch ran", `"type":"error"`, "hint: "}},
		"last of nothing":      {nil, "", []string{"--last", "go"}, "", exitUsage, []string{"--last is a flag of resume"}},
		"no session":           {nil, "", []string{"resume", "nope", "go"}, "", exitUsage, []string{"nope", "lockstile resume"}},
		"no schema":            {nil, "", []string{"--output-schema", "/no/such", "go"}, "", exitUsage, []string{"/no/such"}},
		"no JSON":              {standin.Always(standin.Say("words")), "", []string{"--output-schema", "SCHEMA", "go"}, "", exitFailed, []string{"no JSON"}},
		"JSON of another form": {standin.Always(standin.Say(`{"n":"x"}`)), "", []string{"--output-schema", "SCHEMA", "go"}, "", exitFailed, []string{"doesn't fit the schema"}},
		"JSON of the form":     {standin.Always(standin.Say(`{"n":7}`)), "", []string{"--output-schema", "SCHEMA", "go"}, "", exitDone, []string{`{"n":7}`}},
	} {
		t.Run(name, func(t *testing.T) {
			script := c.script
			if script == nil {
				script = func(standin.Request) standin.Answer { t.Error("the model was asked"); return standin.Say("") }
			}
			w := newWorld(t, script, c.config)
			if c.env != "" {
				w.env = append(w.env, strings.Replace(c.env, "DIR", w.dir, 1))
			}
			for i, a := range c.args {
				if a == "SCHEMA" {
					c.args[i] = filepath.Join(w.dir, "schema.json")
					w.must(os.WriteFile(c.args[i], []byte(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}`), 0o600))
				}
			}
			w.exec(c.args...).has(t, c.code, c.says...)
			if _, err := os.Stat(w.ws + "/ran"); err == nil {
				t.Error("the command ran")
			}
		})
	}
}

// TestExecSignals checks that a signal interrupts the turn, that no process is left, and
// that an ignored signal stays ignored.
func TestExecSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			w := newWorld(t, standin.Answers(standin.Of(calls("echo up; sleep 1007")), standin.Say("done")))
			cmd := w.command(program, "exec", "--json", "go")
			cmd.Stdin = nil
			out, err := cmd.StdoutPipe()
			w.must(err)
			w.must(cmd.Start())
			r := bufio.NewReader(out)
			for line := ""; !strings.Contains(line, "item.started"); {
				line, err = r.ReadString('\n')
				w.must(err)
			}
			w.must(w.running("sleep"))
			w.must(cmd.Process.Signal(sig))
			rest, _ := io.ReadAll(r)
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(string(rest), "turn.failed") {
				t.Errorf("exit %d: %s", code, rest)
			}
			if left := w.processes(); len(left) > 0 {
				t.Errorf("%q are left", left)
			}
			w.verified()
		})
	}
	w := newWorld(t, standin.Answers(standin.Of(calls("kill -HUP $PPID; sleep 0.1; echo still")), standin.Say("done")))
	w.do(w.command("nohup", program, "exec", "go")).has(t, 0, "still")
}

// processes lists the processes that have their folder in the world's folder.
func (w *world) processes() (out []string) {
	all, _ := os.ReadDir("/proc")
	for _, p := range all {
		if cwd, err := os.Readlink("/proc/" + p.Name() + "/cwd"); err == nil && strings.HasPrefix(cwd, w.dir) {
			text, _ := os.ReadFile("/proc/" + p.Name() + "/cmdline")
			out = append(out, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return out
}

// running waits until a process with the name runs in the world.
func (w *world) running(name string) error {
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(20 * time.Millisecond) {
		if slices.ContainsFunc(w.processes(), func(p string) bool { return strings.HasPrefix(p, name+" ") }) {
			return nil
		}
	}
	return os.ErrDeadlineExceeded
}

// TestExecResume checks that a session goes on by its ID and as the last, with the whole
// history, and that the last of another folder isn't taken.
func TestExecResume(t *testing.T) {
	w := newWorld(t, standin.Answers(standin.Of(calls("echo first")), standin.Say("done"), standin.Say("again"), standin.Say("once more")))
	id := w.events(w.exec("--json", "the first prompt").out)[0].ThreadID
	w.exec("resume", id, "the second prompt").has(t, 0, "again")
	w.exec("--json", "resume", "--last", "the third").has(t, 0, "once more")
	all := w.server.Requests()
	last := all[len(all)-1]
	for _, want := range []string{"the first prompt", "the second prompt", "the third"} {
		if !strings.Contains(last.Text("user"), want) {
			t.Errorf("%q is missing in the history", want)
		}
	}
	w.must(os.Mkdir(w.dir+"/other", 0o700))
	cmd := w.command(program, "exec", "resume", "--last", "go")
	cmd.Dir = w.dir + "/other"
	w.do(cmd).has(t, exitUsage, "there is no session")
	w.verified()
}

// TestTrust checks that AGENTS.md is read to a model only after the user's word.
func TestTrust(t *testing.T) {
	w := newWorld(t, standin.Always(standin.Say("done")))
	w.must(os.WriteFile(w.ws+"/AGENTS.md", []byte("Say please."), 0o600))
	for _, c := range []struct {
		args []string
		want bool
	}{{[]string{"go"}, false}, {[]string{"--trust", "go"}, true}, {[]string{"go"}, true}} {
		w.exec(c.args...).has(t, 0)
		all := w.server.Requests()
		if got := strings.Contains(all[len(all)-1].Text("user"), "Say please."); got != c.want {
			t.Errorf("%q: read %v", c.args, got)
		}
	}
}
