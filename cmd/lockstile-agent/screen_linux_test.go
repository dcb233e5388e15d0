package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// patchOf is an apply_patch call.
func patchOf(body string) standin.Item {
	return standin.Custom("apply_patch", "*** Begin Patch\n"+body+"\n*** End Patch")
}

// TestScreenCommands types the commands of the screen, and checks what each shows.
func TestScreenCommands(t *testing.T) {
	w := newWorld(t, standin.Answers(
		standin.Of(patchOf("*** Update File: sub/old.txt\n@@\n-one\n+two"), calls("exec cat", "tty", true, "yield_time_ms", 300)), standin.Say("All done.")))
	w.must(os.MkdirAll(w.ws+"/sub", 0o700))
	w.must(os.WriteFile(w.ws+"/sub/old.txt", []byte("one\n"), 0o600))
	s := w.on(100, 60, w.command(program))
	s.wait("Ask for")
	s.keys("look at @ol")
	s.wait("sub/old.txt")
	s.keys("\t")
	s.wait("look at @sub/old.txt")
	s.keys("please\r")
	screen := s.wait("All done.", "◆", "exec cat")
	if got := w.server.Requests()[0].Text("user"); !strings.HasSuffix(got, "look at @sub/old.txt please") {
		t.Errorf("the model was asked %q", got)
	}
	number := regexp.MustCompile(`◆ (\d+) exec cat`).FindStringSubmatch(screen)
	if number == nil {
		t.Fatal(screen)
	}
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"/diff", []string{"sub/old.txt", "- one", "+ two"}}, {"/status", []string{"sandbox_mode", "default"}}, {"/permissions", []string{"network_access = false"}},
		{"/explain write /etc/passwd", []string{"denied: write /etc/passwd", "rule: "}}, {"/explain", []string{"/explain read PATH"}},
		{"/log", []string{"#1 start, workspace-write"}}, {"/mcp", []string{"no MCP server is set"}}, {"/model other", []string{"the model is other"}},
		{"/sessions", []string{"◆ " + number[1]}}, {"/doctor", []string{"ok  "}}, {"/nonsense", []string{"/help"}}, {"/copy", []string{"went to the clipboard"}},
		{"!echo by me", []string{"! echo by me", "│ by me"}}, {"/help", []string{"ctrl-g", "ctrl-] comes back"}}, {"/attach 1", []string{"no session 1 lives"}},
	} {
		s.keys(c.typed + "\r")
		s.wait(c.want...)
		s.keys("\x0c") // each answer is looked for among the newest lines
	}
	if !strings.Contains(s.written(), "\x1b]52;c;") {
		t.Error("/copy sent nothing to the terminal")
	}
	s.keys("/attach\r")
	s.wait("ctrl-]")
	s.keys("typed into cat\r")
	s.wait("typed into cat\ntyped into cat")
	s.keys("\x1d")
	s.wait("detached from session "+number[1], "Ask for")
	s.keys("/kill " + number[1] + "\r")
	s.wait("session " + number[1] + " was ended")
	s.keys("/new\r")
	s.wait("Ask for")
	s.keys("/resume\r")
	s.wait("look at @sub/old.txt please", "/resume ID goes on")
	s.keys("/quit\r")
	if code := s.ends(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if left := w.processes(); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
	w.verified()
}

// TestScreenApproval answers the dialog by keys: with a no nothing runs, with a yes the
// command leaves the sandbox, and the record says who said yes.
func TestScreenApproval(t *testing.T) {
	escalate := calls("echo x > ../out", "sandbox_permissions", "require_escalated", "justification", "I need it")
	w := newWorld(t, standin.Answers(standin.Of(escalate), standin.Say("One."), standin.Of(escalate), standin.Say("Two.")), `approval_policy = "on-request"`, "tui.notifications = true")
	s := w.on(100, 60, w.command(program))
	s.wait("Ask for")
	s.keys("go\r")
	s.wait("WITHOUT the sandbox?", "echo x > ../out", "I need it", "y yes, once")
	s.keys("n")
	s.wait("✖ not approved", "One.")
	if _, err := os.Stat(w.dir + "/out"); err == nil {
		t.Error("the command ran after a no")
	}
	s.keys("go\r")
	s.wait("WITHOUT the sandbox?", "y yes, once")
	s.keys("y")
	s.wait("⚠ unconfined, as you allowed #", "Two.")
	if _, err := os.Stat(w.dir + "/out"); err != nil {
		t.Error("the command didn't run after a yes")
	}
	text, err := os.ReadFile(w.home + "/sandbox.log")
	w.must(err)
	if !strings.Contains(string(text), `"by":"the user, on the screen"`) || !strings.Contains(string(text), `"escalated_from":"workspace-write"`) {
		t.Errorf("the approval isn't in the log: %s", text)
	}
	if !strings.Contains(s.written(), "\a") {
		t.Error("no bell for a question")
	}
	s.keys("\x04")
	if code := s.ends(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// TestScreenEditor writes a prompt in the user's editor. The editor is the user's own
// program outside the sandbox, with a record. Commands can't reach the draft, wherever
// temporary files lie.
func TestScreenEditor(t *testing.T) {
	w := newWorld(t, standin.Always(standin.Say("Read.")))
	editor := filepath.Join(w.dir, "editor")
	w.must(os.WriteFile(editor, []byte("#!/bin/sh\nprintf ' and more' >> \"$1\"\necho \"$1\" > "+w.dir+"/where\n"), 0o700))
	w.env = append(w.env, "VISUAL=", "EDITOR="+editor, "TMPDIR="+w.ws)
	s := w.on(80, 24, w.command(program))
	s.wait("Ask for")
	s.keys("a prompt\x07")
	s.wait("┃ a prompt and more")
	s.keys("\r")
	s.wait("Read.")
	if got := w.server.Requests()[0].Text("user"); !strings.HasSuffix(got, "a prompt and more") {
		t.Errorf("the model was asked %q", got)
	}
	if where, _ := os.ReadFile(w.dir + "/where"); !strings.HasPrefix(string(where), w.home+"/") {
		t.Errorf("the draft was %s", where)
	}
	if left, _ := filepath.Glob(w.home + "/draft-*"); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
	if l := w.starts(); len(l) != 1 || l[0].Mode != "danger-full-access" {
		t.Errorf("the log has %+v", l)
	}
}

// TestScreenResume goes on with a session chosen from the list, and with the last.
func TestScreenResume(t *testing.T) {
	w := newWorld(t, standin.Answers(standin.Of(calls("echo hello")), standin.Say("First answer."), standin.Say("Second answer."), standin.Say("Third answer.")))
	w.exec("the first prompt").has(t, 0)
	s := w.on(100, 30, w.command(program, "resume"))
	s.wait("the first prompt", "number, or Enter")
	s.keys("1\r")
	s.wait("› the first prompt", "$ echo hello", "✔ proven #1", "First answer.", "Ask for")
	s.keys("go on\r")
	s.wait("Second answer.")
	if got := w.server.Requests()[2].Text("user"); !strings.Contains(got, "the first prompt") || !strings.HasSuffix(got, "go on") {
		t.Errorf("the history is %q", got)
	}
	s.keys("/resume none\r")
	s.wait(`there is no session "none"`)
	s.keys("and on\r") // the thread is still there
	s.wait("Third answer.")
	s.keys("/quit\r")
	s.ends()
	s = w.on(100, 30, w.command(program, "resume", "--last"))
	s.wait("› the first prompt", "Second answer.", "Ask for")
}

// TestScreenTrust checks the question about AGENTS.md: it is read to the model after a yes
// alone, and nobody is asked again.
func TestScreenTrust(t *testing.T) {
	const rule = "Write everything in green ink."
	for _, answer := range []string{"n", "y"} {
		t.Run(answer, func(t *testing.T) {
			w := newWorld(t, standin.Always(standin.Say("Answered.")))
			w.must(os.WriteFile(w.ws+"/AGENTS.md", []byte(rule), 0o600))
			s := w.on(100, 30, w.command(program))
			s.wait("AGENTS.md", "[y/N]")
			s.keys(answer + "\r")
			s.wait("Ask for")
			s.keys("go\r")
			s.wait("Answered.")
			if read := strings.Contains(w.server.Requests()[0].Text("user"), rule); read != (answer == "y") {
				t.Errorf("after %q AGENTS.md was read: %v", answer, read)
			}
			s.keys("/quit\r")
			s.ends()
			if answer == "y" {
				again := w.on(100, 30, w.command(program))
				again.wait("Ask for")
			}
		})
	}
}

// TestScreenPlain checks --plain: lines alone, with the same badges, and not one escape.
func TestScreenPlain(t *testing.T) {
	escalate := calls("echo x > ../out", "sandbox_permissions", "require_escalated", "justification", "I need it")
	w := newWorld(t, standin.Answers(standin.Of(calls("echo hello")), standin.Say("Said."), standin.Of(escalate), standin.Say("Over.")), `approval_policy = "on-request"`)
	s := w.on(100, 30, w.command(program, "--plain"))
	s.wait("network open: false\n>")
	s.keys("go\r")
	s.wait("$ echo hello", "| hello", "✔ proven #1", "Said.")
	s.keys("go\r")
	s.wait("echo x > ../out", "yes or no?")
	s.keys("no\r")
	s.wait("✖ not approved", "Over.")
	s.keys("/quit\r")
	if code := s.ends(); code != 0 || strings.Contains(s.written(), "\x1b") {
		t.Errorf("exit %d, %q", code, s.written())
	}
}
