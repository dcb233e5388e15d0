//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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

// TestLogChooses checks the choice of lines by time and by denials, and their words.
func TestLogChooses(t *testing.T) {
	p := newPlace(t)
	p.lockstile("run", "--", "true")
	p.lockstile("run", "--", "mkdir", ".vscode")
	p.lockstile("run", "--", "touch", "/etc/x")
	p.lockstile("doctor")
	show := func(args ...string) []string {
		return strings.Split(strings.TrimSuffix(p.lockstile(append([]string{"log"}, args...)...).stdout, "\n"), "\n")
	}
	denied := show("--denied")
	if len(denied) != 2 || !strings.Contains(denied[0], "(mkdir .vscode): exit 0 after ") || !strings.Contains(denied[0], "; taken back: "+p.ws+"/.vscode") || !strings.Contains(denied[1], "denied: /etc/x may not be written") {
		t.Errorf("--denied: %q", denied)
	}
	if last := show("--denied", "-n", "1"); len(last) != 1 || last[0] != denied[1] {
		t.Errorf("--denied -n 1: %q", last)
	}
	if all := show("--since", "1h"); len(all) != 12 || !strings.Contains(all[0], "by run in "+p.ws) || !strings.Contains(all[6], "doctor's trial in "+p.ws) {
		t.Errorf("--since 1h: %q", all)
	}
	for _, when := range []string{"2000-01-01", "2000-01-01T00:00:00Z", "9999d", "2000-01-01 10:00"} {
		if all := show("--since", when); len(all) != 12 {
			t.Errorf("--since %s: %d lines", when, len(all))
		}
	}
	if none := p.lockstile("log", "--since", "0s").stdout; none != "" {
		t.Errorf("--since 0s: %q", none)
	}
	for _, when := range []string{"", "yesterday", "-1h", "5", "2026-13-01"} {
		if r := p.lockstile("log", "--since", when); r.code != 2 || !strings.Contains(r.stderr, "say how long ago") {
			t.Errorf("--since %q: %+v", when, r)
		}
	}
}

// TestLogFollows checks that new lines are shown, each once, until a signal.
func TestLogFollows(t *testing.T) {
	p := newPlace(t)
	cmd := p.command(program, "log", "-f", "--json")
	lines := bufio.NewScanner(p.piped(cmd))
	for i := range 30 { // the first is before the log begins
		p.lockstile("run", "--", "true")
		for j := range 2 {
			if !lines.Scan() || !strings.Contains(lines.Text(), fmt.Sprintf(`"seq":%d,`, 2*i+j+1)) {
				t.Fatalf("line %d is %s", 2*i+j+1, lines.Text())
			}
		}
	}
	cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "interrupt") {
		t.Errorf("ended by %v", err)
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
