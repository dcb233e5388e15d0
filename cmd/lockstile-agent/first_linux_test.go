package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// TestFirst takes the way of a new user: no configuration, no model and no key. The first
// screen says how to set a model, and a command with ! runs at the gate all the same.
func TestFirst(t *testing.T) {
	w := newWorld(t, standin.Always(standin.Say("nobody asked")))
	w.home = filepath.Join(w.dir, ".lockstile") // isn't there
	cmd := w.command(program)
	cmd.Env = slices.DeleteFunc(cmd.Env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == "LOCKSTILE_HOME" || name == keyName || strings.HasSuffix(name, "_API_KEY")
	})
	s := w.on(80, 24, cmd)
	s.wait("No model is set", "lockstile --oss", "~/.lockstile/config.toml", "try !whoami", "Ask for something")
	s.keys("!id -u\r")
	text := s.wait("● ! id -u", "✔ proven #1")
	if want := "│ " + strconv.Itoa(os.Getuid()) + "\n└ exit 0 · "; !strings.Contains(text, want) {
		t.Errorf("%q is missing in\n%s", want, text)
	}
	s.keys("and now?\r")
	s.wait("› and now?\n\nNo model is set")
	s.keys("/model m\r")
	s.wait("OPENAI_API_KEY", "hint: ")
	s.keys("/explain write ~/.bashrc\r")
	s.wait("denied: write "+w.dir+"/.bashrc", "rule: outside the workspace")
	s.keys("/quit\r")
	if code := s.ends(); code != 0 {
		t.Errorf("exit %d", code)
	}
	log := w.log()
	if len(log) != 2 || log[0].Event != "start" || log[0].Mode != "workspace-write" || len(log[0].Proven) < 10 || !regexp.MustCompile(`^[a-z0-9]{16}/user`).MatchString(log[0].Call) {
		t.Errorf("the log has %+v", log)
	}
	w.verified()
	if n := len(w.server.Requests()); n != 0 {
		t.Errorf("a model was asked %d times", n)
	}
}

// TestModelLater names a model in the session, and then asks it.
func TestModelLater(t *testing.T) {
	w := newWorld(t, standin.Always(standin.Say("Here.")))
	file := filepath.Join(w.home, "config.toml")
	text, err := os.ReadFile(file)
	w.must(err)
	w.must(os.WriteFile(file, []byte(strings.Replace(string(text), "model = \"m\"\n", "", 1)), 0o600))
	s := w.on(80, 24, w.command(program))
	s.wait("No model is set")
	s.keys("/model later\r")
	s.wait("the model is later")
	s.keys("are you there?\r")
	s.wait("Here.")
	if got := w.server.Requests()[0]; got.Model != "later" || got.Header.Get("Authorization") != "Bearer "+key {
		t.Errorf("%q was asked, with %q", got.Model, got.Header.Get("Authorization"))
	}
}
