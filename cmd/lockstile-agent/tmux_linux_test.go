package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// TestNarrowTmux narrows and widens a real tmux, which wraps lines anew: neither the
// window nor the scrollback keeps a copy of the composer.
func TestNarrowTmux(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux here")
	}
	w := newWorld(t, standin.Always(standin.Say(strings.Repeat("A long answer of many words. ", 20))))
	socket := filepath.Join(w.dir, "tmux")
	tmux := func(args ...string) string {
		t.Helper()
		r := w.do(w.command("tmux", append([]string{"-S", socket, "-f", "/dev/null"}, args...)...))
		if r.code != 0 {
			t.Fatalf("tmux %q: %s", args, r.err)
		}
		return r.out
	}
	all := func() string { return tmux("capture-pane", "-p", "-S", "-") }
	wait := func(ok func(text string) bool, what string) {
		t.Helper()
		for end := time.Now().Add(patience); !ok(all()); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s:\n%s", what, all())
			}
		}
	}
	has := func(part string) {
		t.Helper()
		wait(func(text string) bool { return strings.Contains(text, part) }, "no "+part)
	}
	tmux("new-session", "-d", "-x", "100", "-y", "30", program)
	t.Cleanup(func() { tmux("kill-server") })
	has("Ask for")
	tmux("send-keys", "say much", "Enter")
	has("A long answer")
	tmux("send-keys", "!echo by me", "Enter")
	has("proven #1")
	for _, width := range []string{"50", "41", "77", "120", "60"} {
		tmux("resize-window", "-x", width, "-y", "30")
		tmux("send-keys", "x")
		wait(func(text string) bool {
			return strings.Count(text, "┃ x") == 1 && strings.Count(text, "workspace-write · net off") == 1 && !strings.Contains(text, "Ask for")
		}, "not one composer at width "+width)
		tmux("send-keys", "C-u")
		has("Ask for")
	}
}
