//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// refusedAs runs a command that must be refused, and checks that the command did not run.
func (p *place) refusedAs(cmd *exec.Cmd) line {
	p.Helper()
	r := p.do(cmd)
	var got line
	if err := json.Unmarshal([]byte(r.stderr), &got); err != nil {
		p.Errorf("no refusal: %v in %q", err, r.stderr)
	}
	if r.code != 126 {
		p.Errorf("exit %d, want 126", r.code)
	}
	if exists(filepath.Join(p.ws, "ran")) {
		p.Error("the command ran")
	}
	return got
}

// leaveOut is a start under mode without a restriction. As root the start runs in
// namespaces of its own: the missing restriction may be the protection of the machine.
func (p *place) leaveOut(mode, io, env string) *exec.Cmd {
	args := []string{"run", "-C", p.ws, "--sandbox", mode, "--tty=" + strconv.FormatBool(io == "terminal"), "--json", "--", "sh", "-c", "echo x > ran"}
	cmd := p.command(leaveOutProgram, args...)
	if os.Geteuid() == 0 {
		cmd = p.command("unshare", append([]string{"--pid", "--fork", "--kill-child", "--mount", "--mount-proc", leaveOutProgram}, args...)...)
	}
	cmd.Dir = p.dir // not where the command is to be
	cmd.Env = append(cmd.Env, env)
	return cmd
}

// TestEachRestrictionIsMissed leaves out one restriction after the other, with the
// restrictions of the init: each start must be refused, and name the restriction.
func TestEachRestrictionIsMissed(t *testing.T) {
	for _, both := range []string{"workspace-write pipes", "workspace-write terminal", "read-only pipes", "read-only terminal",
		"danger-full-access pipes", "danger-full-access terminal"} {
		mode, io, _ := strings.Cut(both, " ")
		probe := newPlace(t)
		probe.env = []string{"TMPDIR=" + probe.ws + "/../tmpdir"}
		probe.furnish()
		probe.lockstile("run", "--sandbox", mode, "--tty="+strconv.FormatBool(io == "terminal"), "--", "true")
		proven := probe.logLines()[0].Proven
		if (io == "terminal") != slices.Contains(proven, "terminal") {
			t.Errorf("%s: proven: %q", both, proven)
		}
		if mode != "danger-full-access" && len(proven) < 30 {
			t.Fatalf("%s: only %d restrictions are proven: %q", mode, len(proven), proven)
		}
		for _, restriction := range proven {
			if strings.HasPrefix(restriction, "none: ") {
				continue // stands for the absence of a restriction
			}
			if restriction == "identity" {
				continue // no step of a start makes the identity: TestIdentity
			}
			t.Run(both+"/"+strings.ReplaceAll(restriction, "/", "|"), func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				// The paths of the view belong to the place.
				mine := strings.ReplaceAll(restriction, probe.dir, p.dir)
				p.env = []string{"TMPDIR=" + p.dir + "/tmpdir"}
				p.furnish()
				got := p.refusedAs(p.leaveOut(mode, io, "LOCKSTILE_LEAVE_OUT="+mine))
				if got.Restriction != mine {
					t.Errorf("named %q (%s)", got.Restriction, got.Reason)
				}
				if l := p.lastLine(); l.Event != "refusal" || l.Restriction != mine || l.IO != io {
					t.Errorf("the log says %+v", l)
				}
			})
		}
	}
}

// TestBeneathTheView checks that a command in the host's folder, hidden under a folder of
// the view with the same name, is refused.
func TestBeneathTheView(t *testing.T) {
	for _, io := range []string{"pipes", "terminal"} {
		p := newPlace(t)
		cmd := p.leaveOut("workspace-write", io, "LOCKSTILE_LEAVE_OUT=working directory")
		cmd.Dir = p.ws
		if got := p.refusedAs(cmd); got.Restriction != "working directory" || !strings.Contains(got.Reason, "beneath the view") {
			t.Errorf("%s: %+v", io, got)
		}
	}
}

// furnish makes everything that a view can have of a place: a TMPDIR, protected names in the
// workspace and below, links that lead on from there with their ends, and a folder in which
// a name must not appear.
func (p *place) furnish() {
	p.Helper()
	for _, dir := range []string{p.dir + "/tmpdir", p.ws + "/.git/hooks", p.ws + "/sub/.claude", p.ws + "/way/v1", p.ws + "/swept"} {
		mkdir(p.T, dir)
	}
	write(p.T, p.ws+"/way/v1/hook", "x")
	for link, to := range map[string]string{"way/now": "v1", ".git/hooks/pre-push": "../../way/now/hook", ".git/hooks/pre-commit": "../../swept/later", ".envrc": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(p.ws, link)); err != nil {
			p.Fatal(err)
		}
	}
}

// TestHarnessRuns checks that the build under test starts commands when nothing is left
// out. Otherwise the refusals above would mean nothing.
func TestHarnessRuns(t *testing.T) {
	p := newPlace(t)
	if r := p.do(p.leaveOut("workspace-write", "pipes", "LOCKSTILE_LEAVE_OUT=no such restriction")); r.code != 0 || !exists(filepath.Join(p.ws, "ran")) {
		t.Fatalf("exit %d: %s", r.code, r.stderr)
	}
}

func TestLaunchThatHangsOrDies(t *testing.T) {
	for _, what := range []string{"hang", "die"} {
		for _, where := range []string{"X pipes", "R pipes", "P pipes", "H pipes", "S pipes", "X terminal", "R terminal", "P terminal", "H terminal", "S terminal"} {
			t.Run(what+" before "+where, func(t *testing.T) {
				where, io, _ := strings.Cut(where, " ")
				t.Parallel()
				p := newPlace(t)
				got := p.refusedAs(p.leaveOut("workspace-write", io, "LOCKSTILE_FAULT="+what+" before "+where))
				want := []string{"deadline"}
				if what == "die" {
					want = []string{"died"}
				}
				if !slices.Contains(want, got.Code) {
					t.Errorf("code %q (%s), want %q", got.Code, got.Reason, want)
				}
			})
		}
	}
}

func TestProductionBuildLeavesNothingOut(t *testing.T) {
	p := newPlace(t)
	p.env = []string{"LOCKSTILE_LEAVE_OUT=seccomp", "LOCKSTILE_FAULT=die before R"}
	p.sh("workspace-write", "grep -q 'Seccomp:.2' /proc/self/status", 0)
}

func TestLogThatCannotBeWritten(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, p *place){
		"a folder in its place": func(t *testing.T, p *place) {
			mkdir(t, filepath.Join(p.home, "sandbox.log"))
		},
		"a link in its place": func(t *testing.T, p *place) {
			mkdir(t, p.home)
			if err := os.Symlink("/dev/null", filepath.Join(p.home, "sandbox.log")); err != nil {
				t.Fatal(err)
			}
		},
		"a device in its place": func(t *testing.T, p *place) {
			mkdir(t, p.home)
			if err := os.Symlink("/dev/full", filepath.Join(p.home, "sandbox.head")); err != nil {
				t.Fatal(err)
			}
		},
		"a file in the folder's place": func(t *testing.T, p *place) { write(t, p.home, "") },
		"no permission": func(t *testing.T, p *place) {
			if os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			mkdir(t, p.home)
			if err := os.Chmod(p.home, 0o500); err != nil {
				t.Fatal(err)
			}
		},
		"writable by others": func(t *testing.T, p *place) {
			mkdir(t, p.home)
			write(t, filepath.Join(p.home, "sandbox.log"), "")
			if err := os.Chmod(filepath.Join(p.home, "sandbox.log"), 0o666); err != nil {
				t.Fatal(err)
			}
		},
		"no folder at all": func(t *testing.T, p *place) { p.env = []string{"LOCKSTILE_HOME=", "HOME="} },
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				prepare(t, p)
				for _, mode := range []string{"workspace-write", "danger-full-access"} {
					cmd := p.command(program, "run", "--sandbox", mode, "--", "sh", "-c", "echo x > ran")
					r := p.do(cmd)
					if r.code != 126 || exists(filepath.Join(p.ws, "ran")) {
						t.Errorf("%s: exit %d, ran %v", mode, r.code, exists(filepath.Join(p.ws, "ran")))
					}
					if !strings.Contains(r.stderr, "refused at") || !strings.Contains(r.stderr, "hint: ") {
						t.Errorf("%s: reason and mend are not said: %s", mode, r.stderr)
					}
				}
			})
		})
	}
}

// TestFullDevice puts the log on a file system with no room for a line.
func TestFullDevice(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		script := `mount -t tmpfs -o size=64k none "$1" && cp "$0" /dev/null && head -c 1000000 /dev/zero > "$1/fill" 2>/dev/null
		: > "$1/sandbox.log"; chmod 600 "$1/sandbox.log"
		LOCKSTILE_HOME="$1" exec "$0" run "$2" --sandbox danger-full-access -- sh -c 'echo x > ran'`
		mkdir(t, p.home)
		args := []string{"--mount", "--", "sh", "-c", script, program, p.home, p.way}
		if os.Geteuid() != 0 {
			args = append([]string{"--user", "--map-current-user", "--keep-caps"}, args...)
		}
		r := p.do(p.command("unshare", args...))
		if r.code != 126 || exists(filepath.Join(p.ws, "ran")) {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
		if !strings.Contains(r.stderr, "no space left") || !strings.Contains(r.stderr, "hint: free space") {
			t.Errorf("reason and mend are not said: %s", r.stderr)
		}
	})
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}
