//go:build linux

package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// noHangup is put before each script: when the first process of a terminal's session ends,
// the kernel hangs up the others (SIGHUP), on any terminal.
const noHangup = "trap '' HUP; "

// TestLeftBehindFinishes checks that output is whole which processes write after the
// command's end: process substitutions, and a last writer in the background.
func TestLeftBehindFinishes(t *testing.T) {
	const lines = 20000
	whole := func(text string) bool {
		return strings.Count(strings.ReplaceAll(text, "\r", ""), "\n") >= lines && strings.Contains(text, strconv.Itoa(lines))
	}
	n := strconv.Itoa(lines)
	for name, script := range map[string]string{
		"all output through cat":   "exec > >(cat); seq 1 " + n,
		"errors through cat":       "seq 1 " + n + " 2> >(cat >&2) >&2",
		"a copy in a file":         "seq 1 " + n + " > >(tee file >/dev/null)",
		"a compressed file":        "seq 1 " + n + " > >(gzip > file.gz)",
		"a last background writer": "(sleep 0.01; seq 1 " + n + " > file) &",
		"a chain":                  "seq 1 " + n + " > >(cat > >(cat > >(cat > file)))",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range modes {
				bothWays(t, func(t *testing.T, p *place) {
					if mode == "read-only" {
						t.Skip("no file can be written")
					}
					r := p.lockstile("run", "--sandbox", mode, "--", "bash", "-c", noHangup+script)
					text := r.stdout + r.stderr
					switch {
					case strings.Contains(script, "file.gz"):
						r := p.do(p.command("gzip", "-dc", p.ws+"/file.gz"))
						text = r.stdout
					case strings.Contains(script, "file"):
						b, err := os.ReadFile(p.ws + "/file")
						if err != nil {
							t.Fatal(err)
						}
						text = string(b)
					}
					if r.code != 0 || !whole(text) {
						t.Errorf("%s: exit %d, %d bytes, the last are %q, %q", mode, r.code, len(text), text[max(0, len(text)-20):], r.stderr[:min(len(r.stderr), 200)])
					}
					if strings.Contains(r.stderr, "ended with the command") {
						t.Errorf("%s: %q", mode, r.stderr)
					}
				})
			}
		})
	}
}

// TestLeftBehindWaitsForReader checks that a process whose output nobody reads for a while
// is not taken for one that only waits.
func TestLeftBehindWaitsForReader(t *testing.T) {
	p := newPlace(t)
	cmd := p.command(program, "run", "--", "bash", "-c", noHangup+"exec > >(cat); seq 1 20000")
	out := p.piped(cmd)
	time.Sleep(400 * time.Millisecond)
	text, err := io.ReadAll(out)
	if err != nil || !strings.HasSuffix(string(text), "\n20000\n") {
		t.Errorf("%d bytes, the last are %q, %v", len(text), text[max(0, len(text)-20):], err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestLeftBehindEnds checks that processes that only wait are ended and named, whatever
// they ignore, and that a process that works is ended after a second.
func TestLeftBehindEnds(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		ended  []string
	}{
		"a sleeper":               {"sleep 1009 & echo up", []string{"sleep"}},
		"in a session of its own": {"setsid sleep 1009 </dev/null >/dev/null 2>&1 & sleep 0.1; echo up", []string{"sleep"}},
		"ignores signals":         {"(trap '' HUP INT TERM; exec sleep 1009) & echo up", []string{"sleep"}},
		"a stopped process":       {"sleep 1009 & sleep 0.1; kill -STOP $!; echo up", []string{"sleep"}},
		"two generations":         {"(sleep 1009 & exec sleep 1010) & sleep 0.1; echo up", []string{"sleep", "sleep"}},
		"works forever":           {"(while :; do :; done) & echo up", []string{"sh"}},
		"a name like a state":     {`cp /bin/sleep "x) Z 1"; "./x) Z 1" 1009 & sleep 0.1; echo up`, []string{"x) Z 1"}},
		"a hostile name":          {`cp /bin/sleep "$(printf 'a\033]0;x')"; ./a* 1009 & sleep 0.1; echo up`, []string{"a\x1b]0;x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range modes {
				bothWays(t, func(t *testing.T, p *place) {
					if mode == "read-only" && strings.HasPrefix(c.script, "cp ") {
						t.Skip("no file can be written")
					}
					begun := time.Now()
					r := p.lockstile("run", "--sandbox", mode, "--", "sh", "-c", noHangup+c.script)
					if r.code != 0 || !strings.Contains(r.stdout, "up") || time.Since(begun) > patience/2 {
						t.Fatalf("%s: %+v", mode, r)
					}
					if !strings.Contains(r.stderr, "ended with the command: ") || strings.Contains(r.stderr, "\x1b") {
						t.Errorf("%s: %q", mode, r.stderr)
					}
					if l := p.lastLine(); l.Ended.Count != len(c.ended) || strings.Join(l.Ended.Names, " ") != strings.Join(c.ended, " ") {
						t.Errorf("%s: the record has %+v", mode, l.Ended)
					}
					noneIs(t, p, "1009")
				})
			}
		})
	}
	p := newPlace(t)
	r := p.lockstile("run", "--json", "--", "sh", "-c", "sleep 1009 &")
	if !strings.Contains(r.stderr, `"ended":["sleep"]`) {
		t.Errorf("%+v", r)
	}
	if r := p.lockstile("run", "--json", "--", "sh", "-c", "sleep 0.01 & wait"); strings.Contains(r.stderr, "ended") {
		t.Errorf("%+v", r)
	}
}

// noneIs checks that no process of this test's workspace has an argument any more.
func noneIs(t *testing.T, p *place, argument string) {
	t.Helper()
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		text, _ := os.ReadFile(file)
		cwd, _ := os.Readlink(filepath.Dir(file) + "/cwd")
		if cwd == p.ws && strings.Contains(string(text), "\x00"+argument) {
			t.Errorf("%s runs still: %q", file, text)
		}
	}
}
