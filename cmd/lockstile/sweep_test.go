//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sweptAs finds the new place of a name that was taken back: in the store, or for a killed
// lockstile in the workspace.
func (p *place) sweptAs(name string) string {
	p.Helper()
	inPlace, err := filepath.Glob(filepath.Join(p.ws, name+".denied-*"))
	if err == nil && len(inPlace) > 0 {
		return inPlace[0]
	}
	entries, err := filepath.Glob(filepath.Join(p.home, "takeback", "*", "from.json"))
	for _, file := range entries {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), strconv.Quote(filepath.Join(p.ws, name))) {
			return filepath.Join(filepath.Dir(file), "made")
		}
	}
	p.Errorf("%s is in none of %q, %v", name, entries, err)
	return ""
}

// TestTrustedNamesAreTakenBack checks that a new protected name is gone afterwards, in
// whatever way a command made the name.
func TestTrustedNamesAreTakenBack(t *testing.T) {
	for name, script := range map[string]string{
		".git":          "mkdir -p .git/hooks && echo x > .git/hooks/post-commit",
		".envrc":        "echo x > .envrc",
		".claude":       "mkdir made && echo x > made/settings.json && mv made .claude",
		".vscode":       "ln -s /etc .vscode",
		".mcp.json":     "mkfifo .mcp.json",
		".husky":        "mkdir .husky && chmod 0 .husky && chmod 0555 .",
		".idea":         "mkdir .idea && chmod 0 .",
		".bashrc":       "echo x > a && ln a .bashrc",
		".agents":       "mkdir .agents; kill -9 $$",
		".devcontainer": "cp -r /etc/skel .devcontainer",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, p *place) {
				r := p.lockstile("run", "--", "sh", "-c", script+"; true") // the name may go while the script is at it
				if exists(filepath.Join(p.ws, name)) {
					t.Errorf("%s is there", name)
				}
				now := p.sweptAs(name)
				if !strings.HasPrefix(now, p.home) {
					t.Errorf("%s is in the workspace", now)
				}
				if !strings.Contains(r.stderr, filepath.Join(p.ws, name)) || !strings.Contains(r.stderr, now) {
					t.Errorf("it isn't said: %q", r.stderr)
				}
				info, err := os.Stat(p.ws)
				if err != nil || info.Mode().Perm() != 0o755 {
					t.Errorf("the folder's mode is %v, %v", info.Mode(), err)
				}
				if l := p.lastLine(); len(l.Denied) != 1 || l.Denied[0] != filepath.Join(p.ws, name) {
					t.Errorf("the log says %q", l.Denied)
				}
				p.verify()
			})
		})
	}
}

// TestNothingIsTakenBack checks that nothing is taken back if the command made no protected
// name, or if the name existed before.
func TestNothingIsTakenBack(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		mkdir(t, p.ws+"/.git")
		before, err := os.Stat(p.ws)
		if err != nil {
			t.Fatal(err)
		}
		r := p.sh("workspace-write", "cat /dev/null; git status >/dev/null 2>&1; ls -a", 0)
		after, err := os.Stat(p.ws)
		if err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) || ctime(after) != ctime(before) {
			t.Errorf("the folder was touched: %v", err)
		}
		if strings.Contains(r.stderr, "denied") || !exists(p.ws+"/.git") || len(p.lastLine().Denied) != 0 {
			t.Errorf("%q %+v", r.stderr, p.lastLine())
		}
	})
}

func ctime(info os.FileInfo) syscall.Timespec { return info.Sys().(*syscall.Stat_t).Ctim }

// TestSweptWhenKilled checks the sweep after a kill of lockstile, while processes make
// the name again and again.
func TestSweptWhenKilled(t *testing.T) {
	for _, way := range ioFlags {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for range 20 {
				r := newPlace(t).begin("workspace-write", way, `
					for i in 1 2 3; do setsid sh -c 'while :; do mkdir -p .git/hooks; echo x > .git/hooks/post-commit; done' 2>/dev/null & done
					while [ ! -e .git/hooks/post-commit ]; do sleep 0.001; done; echo ready; sleep 1007`)
				r.cmd.Process.Kill()
				r.end()
				r.gone()
				for deadline := time.Now().Add(20 * time.Second); exists(r.ws + "/.git"); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatal(".git is there")
					}
				}
				r.sweptAs(".git")
			}
		})
	}
}

// TestTakenBackFromDaemons checks that a daemon that makes the name again and again is
// ended with the rest, whether the watch sees the name before the end or not.
func TestTakenBackFromDaemons(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		p.lockstile("run", "--", "sh", "-c", "(setsid sh -c 'while :; do mkdir .codex; done' >/dev/null 2>&1 &) ; sleep 0.1")
		if exists(filepath.Join(p.ws, ".codex")) || p.sweptAs(".codex") == "" {
			t.Error(".codex is there")
		}
		p.verify()
	}
}

// TestKilledAtOnce kills the init with lockstile, and checks that the next start takes
// the names back.
func TestKilledAtOnce(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		mkdir(t, p.ws+"/sub/.git")
		cmd := p.command(program, "run", "--", "sh", "-c", "mkdir .git sub/.claude; touch ready; while :; do sleep 1; done")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait(t, p.ws+"/ready")
		tree := append(descendants(t, cmd.Process.Pid), cmd.Process.Pid)
		for _, pid := range tree { // stopped first: no process sees another's end
			syscall.Kill(pid, syscall.SIGSTOP)
		}
		write(t, p.ws+"/.envrc", "as the command would")
		for _, pid := range tree {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		cmd.Wait()
		if r := p.lockstile("run", "--", "ls", "-A"); r.code != 0 || exists(p.ws+"/.git") || exists(p.ws+"/sub/.claude") || exists(p.ws+"/.envrc") {
			t.Errorf("%+v", r)
		}
		var recovered []string
		for _, l := range p.logLines() {
			if l.Event == "recovery" {
				recovered = l.Denied
			}
		}
		if len(recovered) == 0 {
			t.Error("the log doesn't say it")
		}
		p.verify()
		if r := p.lockstile("log", "verify"); !strings.Contains(r.stdout, "start 1 has no end") {
			t.Errorf("%q", r.stdout)
		}
		if notes, err := filepath.Glob(p.home + "/private/*/notes/*"); err != nil || len(notes) != 0 {
			t.Errorf("%q, %v", notes, err)
		}
	}
}

// TestTakenBackAtOnce checks that a name is taken back while the command runs, and that a
// persistent process is ended.
func TestTakenBackAtOnce(t *testing.T) {
	for name, script := range map[string]string{
		"made early":        "mkdir .git",
		"made late":         "sleep 0.2; mkdir .git",
		"another spelling":  "sleep 0.2; mkdir .Git",
		"moved here":        "mkdir x; sleep 0.2; mv x .vscode",
		"in a repository":   "sleep 0.2; echo x > sub/.envrc",
		"a pattern":         "sleep 0.2; echo x > y.code-workspace",
		"while it is shut":  "sleep 0.2; mkdir .husky; chmod 0555 .",
		"in the new folder": "sleep 0.2; mkdir .idea; touch .idea/workspace.xml",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, p *place) {
				mkdir(t, p.ws+"/sub/.git")
				r := p.lockstile("run", "--", "sh", "-c", script+"; i=0; while ls -d .git .Git .vscode sub/.envrc y.code-workspace .husky .idea 2>/dev/null | grep -q . && [ $i -lt 500 ]; do sleep 0.01; i=$((i+1)); done; echo after $i")
				if strings.Contains(r.stdout, "after 500") || !strings.Contains(r.stdout, "after") || r.code != 0 {
					t.Errorf("%+v", r)
				}
				if l := p.lastLine(); len(l.Denied) != 1 {
					t.Errorf("the log says %q", l.Denied)
				}
				p.verify()
			})
		})
	}
	t.Run("again and again", func(t *testing.T) {
		bothWays(t, func(t *testing.T, p *place) {
			r := p.lockstile("run", "--", "sh", "-c", "sleep 0.2; i=0; while [ $i -lt 500 ]; do mkdir .git; sleep 0.02; i=$((i+1)); done; echo all")
			if r.code != 137 || strings.Contains(r.stdout, "all") || exists(p.ws+"/.git") {
				t.Errorf("%+v", r)
			}
			if l := p.lastLine(); len(l.Denied) != 1 {
				t.Errorf("the log says %q", l.Denied)
			}
		})
	})
}

// descendants lists the processes below a process, from /proc.
func descendants(t *testing.T, pid int) (out []int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range tasks {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the process has ended
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			out = append(append(out, child), descendants(t, child)...)
		}
	}
	return out
}
