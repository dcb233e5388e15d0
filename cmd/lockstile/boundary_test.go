//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// boundary is the user's own words that give up what only namespaces hold.
const boundary = "linux.without_namespaces = \"container is the boundary\"\n"

// withoutAny is a machine that gives no user namespaces.
const withoutAny = "no user namespaces"

// TestBoundary checks workspace-write without namespaces: by the user's own words alone,
// on pipes and in a terminal, with what is not held named.
func TestBoundary(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		mkdir(t, p.ws+"/.git")
		run := func(script string) result {
			return p.on(withoutAny, "run", "--", "sh", "-c", script)
		}
		if r := run("true"); r.code != 126 || !strings.Contains(r.stderr, "only read-only") {
			t.Errorf("%+v", r)
		}
		p.config(boundary)
		r := run(`echo in > in && chmod 700 in && cat in; echo x > "$TMPDIR/t" && cat "$TMPDIR/t"; mkdir .vscode; echo x > .git/x; echo x > ../out; echo x > /tmp/out-$$; cat "$LOCKSTILE_HOME/config.toml"; true`)
		if r.stdout != "in\nx\n" && !strings.HasPrefix(r.stdout, "in\nx\n") || strings.Contains(r.stdout, "container is") || exists(p.dir+"/out") || !exists(p.ws+"/.git/x") || exists(p.ws+"/.vscode") {
			t.Errorf("%+v", r)
		}
		if strings.Count(r.stderr, "lockstile: without namespaces (linux.without_namespaces): the command can change .git") != 1 {
			t.Errorf("the screen doesn't say what is not held: %s", r.stderr)
		}
		l := p.lastStart()
		if l.Mode != "workspace-write" || l.Rung != "landlock only" || !slices.Contains(l.Proven, "mount "+p.ws) || !slices.Contains(l.Residuals, "open-names") || !slices.Contains(l.Residuals, "open-modes") {
			t.Errorf("%+v", l)
		}
		if r := p.on(withoutAny, "doctor"); !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), "starts without namespaces (linux.without_namespaces)") {
			t.Errorf("%s", r.stdout)
		}
		// With namespaces the words do nothing.
		if r := p.lockstile("run", "--", "sh", "-c", "echo y > .git/y"); r.code == 0 || strings.Contains(r.stderr, "without namespaces") || p.lastStart().Rung != "full" {
			t.Errorf("%+v", r)
		}
		p.verify()
	}
}

// TestBoundaryRefuses checks that what nobody gives up refuses the start, and that only the
// exact words count.
func TestBoundaryRefuses(t *testing.T) {
	p := newPlace(t)
	for text, want := range map[string]string{
		"linux.without_namespaces = \"yes\"\n":                                   "config.toml:1: linux.without_namespaces = \"yes\" is not one of container is the boundary",
		"[linux]\nwithout_namespaces = true\n":                                   "config.toml:2: linux.without_namespaces must be a string",
		boundary + "[sandbox_workspace_write]\nnetwork_access = true\n":          "network access without them isn't built",
		boundary + "filesystem.deny_read = [" + strconv.Quote(p.ws+"/s") + "]\n": "nothing can hide a file in a writable root",
		boundary + "git.commit = true\n":                                         "commands can't commit",
	} {
		write(t, p.ws+"/s", "x")
		if strings.Contains(text, "git.commit") {
			cmd := exec.Command("git", "init", "-q")
			cmd.Dir = p.ws
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		p.config(text)
		if r := p.on(withoutAny, "run", "--", "true"); r.code != 126 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: %+v", text, r)
		}
	}
}

// TestBoundaryIsNoWayOutOfLimits checks that namespaces that are used up make no machine
// without namespaces: others could use them up.
func TestBoundaryIsNoWayOutOfLimits(t *testing.T) {
	p := newPlace(t)
	p.config(boundary)
	mkdir(t, p.ws+"/.git")
	for limit, code := range map[string]int{"max_pid_namespaces": 126, "max_user_namespaces": 0} {
		r := p.do(p.limited("echo 0 > /proc/sys/user/"+limit, "run", "--", "touch", ".git/"+limit))
		if r.code != code || exists(p.ws+"/.git/"+limit) != (code == 0) || code != 0 && !strings.Contains(r.stderr, "are used up") {
			t.Errorf("%s: %+v", limit, r)
		}
	}
}

// TestBoundaryGuardsStarts checks that a program of lockstile in a writable root refuses the
// start, in a protected folder too: who writes it decides about the next start.
func TestBoundaryGuardsStarts(t *testing.T) {
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"bin", ".claude/bin"} {
		p := newPlace(t)
		p.config(boundary)
		own := filepath.Join(p.ws, dir, "lockstile")
		mkdir(t, filepath.Dir(own))
		if err := os.WriteFile(own, text, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := p.command(self, own, "run", "--", "true")
		cmd.Env = append(cmd.Env, machineVariable+"="+withoutAny)
		if r := p.do(cmd); r.code != 126 || !strings.Contains(r.stderr, "decides about the next start") {
			t.Errorf("%s: %+v", dir, r)
		}
	}
}

// notHeld are the hostile rows whose effect is there under the user's own words, which give
// up exactly this: modes, times and attributes, and the names that are there.
var notHeld = []string{
	"F-03 attribute of git's configuration",
	"F-03 extended attribute",
	"F-03 mode",
	"F-03 mode of git's configuration",
	"F-03 time",
	"F-03 time of git's configuration",
	"F-06 unnamed file linked as a hook",
	"F-08 hook",
	"F-08 hook of a checkout below",
	"F-08 move a file in",
	"F-08 remove a protected folder",
	"F-08 remove an empty protected folder",
	"F-08 remove git's folder",
	"F-08 rename a protected folder",
	"F-08 replace a protected file",
	"F-09 exchange",
	"F-09 exchange a tool's folder",
	"F-09 rename that leaves a whiteout",
	"F-10 exchange what holds it",
	"F-10 rename what holds it",
	"G-01 by git",
	"G-01 git's configuration",
	"G-04 a worktree's pointer, replaced",
	"G-04 a worktree's pointer, rewritten",
	"G-06 a worktree's common directory",
	"G-06 a worktree's folder",
	"G-08 a submodule's folder",
	"G-09 a filter",
	"G-09 attributes of the repository",
	"G-10 hooks in the tree",
	"G-11 alternates",
	"G-11 refs",
	"G-11 the index",
}

// TestBoundaryHolds runs the hostile rows in workspace-write without namespaces: the rest
// of the sandbox must hold.
func TestBoundaryHolds(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			if c.needs != nil && !c.needs() {
				t.Skip("it isn't possible here at all")
			}
			w := newWorld(t)
			r := w.on(withoutAny, "run", "-c", strings.ReplaceAll(strings.TrimSpace(boundary), "\"", ""), "--", "bash", "-c", c.script)
			if effect := c.effect(w, r.stdout); effect != slices.Contains(notHeld, c.id) || strings.Contains(r.stderr, "refused at") {
				t.Errorf("effect %v: %+v", effect, r)
			}
		})
	}
}
