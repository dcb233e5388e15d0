//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLogShows(t *testing.T) {
	p := newPlace(t)
	if r := p.lockstile("log"); r.code != 1 || !strings.Contains(r.stderr, "hint: ") {
		t.Errorf("a log that isn't there: exit %d: %s", r.code, r.stderr)
	}
	p.sh("workspace-write", "exit 4", 4)
	p.lockstile("run", "--", "printf", "\x1b]0;owned\x07", "--token", "verysecretvalue")
	p.lockstile("run", "-C", "/", "--", "true")
	r := p.lockstile("log")
	for _, want := range []string{"start ", "restrictions proven: sh -c exit 4", "exit 4 after", "refusal ", "the whole file system", `\x1b]0;owned\x07`, "--token [redacted]"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("log does not show %q:\n%s", want, r.stdout)
		}
	}
	if strings.ContainsAny(r.stdout, "\x1b\x07") || strings.Contains(r.stdout, "verysecretvalue") {
		t.Errorf("log shows what it must not: %q", r.stdout)
	}
	if n := strings.Count(p.lockstile("log", "-n", "2").stdout, "\n"); n != 2 {
		t.Errorf("-n 2 shows %d lines", n)
	}
	if out := p.lockstile("log", "-n", "0").stdout; out != "" {
		t.Errorf("-n 0 shows %q", out)
	}
	for text := range strings.Lines(p.lockstile("log", "--json").stdout) {
		if !json.Valid([]byte(text)) {
			t.Errorf("--json shows %q", text)
		}
	}
}

// TestLogVerifyNamesTheLine changes a log of several starts.
func TestLogVerifyNamesTheLine(t *testing.T) {
	p := newPlace(t)
	for i := range 3 {
		p.sh("read-only", fmt.Sprintf("exit %d", i), i)
	}
	path := filepath.Join(p.home, "sandbox.log")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := slices.Collect(bytes.Lines(text))
	for name, c := range map[string]struct {
		lines [][]byte
		say   []string // verify must print any of the texts
	}{
		"edited":  {replaced(whole, 2, bytes.Replace(whole[2], []byte("read-only"), []byte("read-0nly"), 1)), []string{"line 3:"}},
		"removed": {slices.Delete(slices.Clone(whole), 3, 4), []string{"line 4:", "line 3:"}},
		"swapped": {replaced(replaced(whole, 1, whole[2]), 2, whole[1]), []string{"line 2:", "line 3:"}},
		"cut off": {whole[:4], []string{"line 4:"}},
	} {
		if err := os.WriteFile(path, bytes.Join(c.lines, nil), 0o600); err != nil {
			t.Fatal(err)
		}
		r := p.lockstile("log", "verify")
		found := slices.ContainsFunc(c.say, func(s string) bool { return strings.Contains(r.stdout, s) })
		if r.code != 1 || !found || !strings.Contains(r.stdout, "does NOT hold") {
			t.Errorf("%s: exit %d: %s%s", name, r.code, r.stdout, r.stderr)
		}
		var report struct{ Problems []struct{ Line int } }
		if err := json.Unmarshal([]byte(p.lockstile("log", "verify", "--json").stdout), &report); err != nil || len(report.Problems) == 0 {
			t.Errorf("%s: --json: %v, %d problems", name, err, len(report.Problems))
		}
	}
	// A torn tail: half a line, as a killed writer would leave.
	if err := os.WriteFile(path, append(slices.Clone(text), whole[0][:40]...), 0o600); err != nil {
		t.Fatal(err)
	}
	p.verify()
	p.sh("read-only", "true", 0)
	p.verify()
}

func replaced(lines [][]byte, i int, line []byte) [][]byte {
	out := slices.Clone(lines)
	out[i] = line
	return out
}
