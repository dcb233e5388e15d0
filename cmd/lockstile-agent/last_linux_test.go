package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// TestLastMessageStaysInside has commands put a link in the place of the file of -o: the
// model's message must not get to where the link leads.
func TestLastMessageStaysInside(t *testing.T) {
	w := newWorld(t, standin.Answers(standin.Of(calls("ln -sfn $PWD/../victim out; mv sub old; ln -sfn .. sub; rm -f sub/out2; ls -l")), standin.Say("evil")))
	victim := filepath.Join(w.dir, "victim")
	w.must(os.WriteFile(victim, []byte("mine\n"), 0o600))
	w.must(os.Mkdir(filepath.Join(w.ws, "sub"), 0o755))
	untouched := func() {
		t.Helper()
		if text, _ := os.ReadFile(victim); string(text) != "mine\n" {
			t.Errorf("the file outside has %q", text)
		}
	}
	r := w.exec("-o", "out", "go")
	r.has(t, 0)
	if !strings.Contains(r.err, "out -> ") {
		t.Fatalf("the command made no link: %s", r.err)
	}
	untouched()
	// The link of an earlier command.
	w.exec("-o", "out", "again").has(t, 2, "-o out: the name leads out of", "hint: remove the link")
	untouched()
	w.exec("-o", "sub/../sub/victim", "again").has(t, 2, "the name leads out of")
	untouched()
	if w.exec("-o", "sub/victim", "again").has(t, 2, "the name leads out of"); len(w.server.Requests()) != 2 {
		t.Errorf("%d requests", len(w.server.Requests()))
	}
	untouched()
	w.exec("--sandbox", "read-only", "-o", "out", "again").has(t, 2, "the name leads out of")
	untouched()
	// Another way to the workspace.
	w.must(os.Symlink(w.ws, filepath.Join(w.dir, "alias")))
	w.exec("-o", filepath.Join(w.dir, "alias", "out"), "again").has(t, 2, "the name leads out of")
	untouched()
}

// TestLastMessageReplaces writes into a file that is there, and to a device.
func TestLastMessageReplaces(t *testing.T) {
	w := newWorld(t, standin.Always(standin.Say("short")))
	for _, file := range []string{filepath.Join(w.ws, "in"), filepath.Join(w.dir, "beside")} {
		w.must(os.WriteFile(file, []byte(strings.Repeat("long ", 100)), 0o600))
		w.exec("-o", file, "go").has(t, 0)
		if text, _ := os.ReadFile(file); string(text) != "short\n" {
			t.Errorf("%s has %q", file, text)
		}
	}
	if r := w.exec("-o", "/dev/stdout", "--json", "go"); !strings.HasSuffix(r.out, "\nshort\n") {
		t.Errorf("standard output has %q", r.out)
	}
}
