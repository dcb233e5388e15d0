//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cgroups is the parent folder of starts' cgroups on the machine of
// scripts/machine-tests.sh; few other machines have a cgroup that bounds memory.
var cgroups = os.Getenv("LOCKSTILE_TEST_CGROUPS")

func needCgroups(t *testing.T) {
	t.Helper()
	if cgroups == "" {
		t.Skip("needs a delegated cgroup: scripts/machine-tests.sh")
	}
}

// ownCgroups lists the existing cgroups of starts.
func ownCgroups(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(cgroups + "/lockstile-*")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	return strings.TrimSpace(string(text))
}

// waiting starts a command that waits for the end of its standard input.
func (p *place) waiting() *exec.Cmd {
	p.Helper()
	cmd := p.command(program, "run", "--tty=false", "-c", "limits.memory_mb=400", "-c", "limits.processes=400", "--", "sh", "-c", "(read x; sleep 1000) & echo up; read x")
	in, err := cmd.StdinPipe()
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { in.Close() })
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		p.Fatal(err)
	}
	return cmd
}

// TestCgroup checks that a command's tree is in a cgroup of its own. The cgroup has the
// limits, and is gone with the tree.
func TestCgroup(t *testing.T) {
	needCgroups(t)
	p := newPlace(t)
	cmd := p.waiting()
	all := ownCgroups(t)
	if len(all) != 1 {
		t.Fatalf("%v", all)
	}
	for file, want := range map[string]string{"memory.max": strconv.Itoa(400 << 20), "pids.max": "400", "memory.oom.group": "1", "pids.current": "2"} {
		if got := content(t, all[0]+"/"+file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
	if procs := strings.Fields(content(t, all[0]+"/cgroup.procs")); len(procs) != 2 {
		t.Errorf("%v are in it", procs)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // any end will do
	if left := ownCgroups(t); len(left) != 0 {
		t.Errorf("%v", left)
	}
	var start struct {
		Limits struct {
			By     string `json:"processes_by"`
			Cgroup string `json:"cgroup"`
		} `json:"limits"`
	}
	first, _, _ := strings.Cut(content(t, p.home+"/sandbox.log"), "\n")
	if err := json.Unmarshal([]byte(first), &start); err != nil || start.Limits.By != "cgroup" || start.Limits.Cgroup != cgroups {
		t.Errorf("%v: %+v", err, start)
	}
}

// TestCgroupFromInside checks that the command sees its own cgroup as the root, and can
// change nothing.
func TestCgroupFromInside(t *testing.T) {
	needCgroups(t)
	p := newPlace(t)
	for _, mode := range []string{"read-only", "workspace-write"} {
		if r := p.sh(mode, "cat /proc/self/cgroup", 0); r.stdout != "0::/\n" {
			t.Errorf("%+v", r)
		}
		p.sh(mode, "for f in cgroup.procs memory.max pids.max; do for d in "+cgroups+" "+cgroups+"/lockstile-*; do echo max 2>/dev/null > $d/$f && exit 3; done; done; ! mkdir "+cgroups+"/mine 2>/dev/null", 0)
	}
}

// TestCgroupOutlivesNothing checks that killing lockstile kills the tree, and that the
// next start removes the cgroup.
func TestCgroupOutlivesNothing(t *testing.T) {
	needCgroups(t)
	p := newPlace(t)
	cmd := p.waiting()
	before := ownCgroups(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	p.lockstile("run", "--", "true")
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		p.lockstile("run", "--", "true")
		if left := ownCgroups(t); len(left) == 0 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%v of %v", left, before)
		}
	}
}

// TestCgroupLeftOut checks that a command outside of its planned cgroup is refused.
func TestCgroupLeftOut(t *testing.T) {
	needCgroups(t)
	p := newPlace(t)
	p.env = append(p.env, "LOCKSTILE_LEAVE_OUT=limits")
	if r := p.do(p.command(leaveOutProgram, "run", "--", "true")); r.code != 126 || !strings.Contains(r.stderr, "limits") {
		t.Errorf("%+v", r)
	}
}

// TestCgroupBounds checks that the kernel holds the limits at once, also for processes
// that left the command's session.
func TestCgroupBounds(t *testing.T) {
	needCgroups(t)
	p := newPlace(t)
	for name, script := range map[string]string{
		"one":   python("x=bytearray(100<<20)"),
		"other": "setsid " + python("x=bytearray(100<<20)") + " & sleep 100",
		"files": "head -c 40M /dev/zero >/run/f; " + python("x=bytearray(100<<20)"),
	} {
		r := p.lockstile("run", "-c", "limits.memory_mb=64", "--", "sh", "-c", script+"; echo all")
		if l := p.lastLine(); r.code != 137 || strings.Contains(r.stdout, "all") || l.Exceeded != "memory: more than 64 MiB" || l.Error != "" {
			t.Errorf("%s: %+v: the log says %+v", name, r, l)
		}
	}
	bomb := strings.ReplaceAll(forkBomb, "1000", "330")
	if r := p.lockstile("run", "-c", "limits.processes=301", "--", "sh", "-c", python(bomb)); !strings.Contains(r.stdout, "forked 299") && !strings.Contains(r.stdout, "forked 300") {
		t.Errorf("%+v", r)
	}
}
