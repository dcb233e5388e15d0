//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHostsNamesStay checks that a name that a program of the host makes beside an idle
// command stays, and can't be written inside from then on; and that the same name is taken
// back when the command makes it.
func TestHostsNamesStay(t *testing.T) {
	for name, c := range map[string]struct{ host, inside string }{
		"a folder":         {"mkdir .vscode; echo host > .vscode/settings.json", "echo evil > .vscode/settings.json; rm -rf .vscode; mv .vscode x"},
		"a repository":     {"git init -q .", "touch .git/hooks/post-commit; rm -rf .git; mv .git x"},
		"a link":           {"ln -s nowhere .envrc", "rm .envrc; ln -sf evil .envrc; echo evil > nowhere"},
		"a replaced file":  {"echo host > new; mv new .mcp.json", "echo evil > .mcp.json; rm .mcp.json"},
		"gone and new":     {"rm .mcp.json; echo host > .mcp.json", "echo evil > .mcp.json; rm .mcp.json"},
		"in a repository":  {"mkdir sub/.claude; echo host > sub/.claude/x", "echo evil > sub/.claude/x; mv sub/.claude y"},
		"a pinned program": {"echo host > tools/new; mv tools/new tools/f", "echo evil > tools/f; rm tools/f"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, p *place) {
				p.env = append(p.env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
				p.asHost("mkdir tools; echo f > tools/f; ln -s ../tools/f x; echo old > .mcp.json; git init -q sub; git -C sub config alias.x '!sh ../tools/f'")
				cmd := p.command(program, "run", "--", "sh", "-c", "read line; "+c.inside+"; echo done > end")
				in, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				out := &strings.Builder{}
				cmd.Stdout, cmd.Stderr = out, out
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * time.Second) // past two looks at the threads
				p.asHost(c.host)
				before := snapshot(t, p.ws)
				time.Sleep(500 * time.Millisecond)
				if _, err := in.Write([]byte("now\n")); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Wait(); err != nil {
					t.Errorf("%v %s", err, out)
				}
				after := snapshot(t, p.ws)
				if !exists(p.ws + "/end") {
					t.Errorf("the command did not run to its end: %s", out)
				}
				for path, was := range before {
					if now := after[path]; now != was {
						t.Errorf("%s was %q and is %q: %s", path, was, now, out)
					}
				}
				if l := p.lastLine(); len(l.Denied) != 0 {
					t.Errorf("taken back from the host: %q: %s", l.Denied, out)
				}
				p.verify()
			})
		})
	}
}

// snapshot returns what is at each trusted name and below, but for the content of objects.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{".vscode", ".vscode/settings.json", ".git", ".git/HEAD", ".git/hooks/post-commit", ".envrc", ".mcp.json", "sub/.claude", "sub/.claude/x", "tools/f"} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			out[name] = "nothing"
			continue
		}
		out[name] = info.Mode().String()
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			out[name] += " " + string(text)
		}
	}
	return out
}

// TestCommandsNamesGo checks that a command that naps can't pass its names off as the
// host's.
func TestCommandsNamesGo(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		r := p.lockstile("run", "--", "sh", "-c", "sleep 2.5; mkdir .vscode; sleep 0.3; mkdir .idea; sleep 0.3; echo end")
		for _, name := range []string{".vscode", ".idea"} {
			if exists(filepath.Join(p.ws, name)) || p.sweptAs(name) == "" {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if r.code != 0 || !slices.Contains(strings.Fields(r.stdout), "end") {
			t.Errorf("%+v", r)
		}
	})
}

// TestEndedForNames checks that the end says why a tree was ended.
func TestEndedForNames(t *testing.T) {
	p := newPlace(t)
	r := p.lockstile("run", "--", "sh", "-c", "sleep 0.3; while :; do mkdir .vscode 2>/dev/null; sleep 0.05; done")
	if r.code != 137 || !strings.Contains(r.stderr, "lockstile: ended: it made names that programs of the host trust 3 times within 10s, the last was "+p.ws+"/.vscode") {
		t.Errorf("%+v", r)
	}
	p.verify()
}
