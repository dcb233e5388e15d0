package lockstile

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/launcher"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/policy"
)

// waiting lists our children that are no commands.
func waiting(t *testing.T) (pids []string) {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Skip("this kernel doesn't list children")
	}
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread that ended has no list
		for pid := range strings.FieldsSeq(string(text)) {
			status, err := os.ReadFile("/proc/" + pid + "/status")
			if err == nil && strings.HasPrefix(string(status), "Name:\t"+launcher.ProcessName+"\n") && !strings.Contains(string(status), "State:\tZ") {
				pids = append(pids, pid)
			}
		}
	}
	slices.Sort(pids)
	return pids
}

// grown waits until as many children wait.
func grown(t *testing.T, count int) []string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if pids := waiting(t); len(pids) == count || time.Now().After(deadline) {
			if len(pids) != count {
				t.Fatalf("%d children wait, want %d", len(pids), count)
			}
			return pids
		}
	}
}

// runs starts the request's command and waits for the end.
func runs(t *testing.T, g *Gate, r Request, mark string) {
	t.Helper()
	if exit, err := start(t, g, r).Wait(); err != nil || exit.Status() != 0 {
		t.Errorf("%+v %v", exit, err)
	}
	if err := os.Remove(mark); err != nil {
		t.Error("the command did not run")
	}
}

func TestPrepared(t *testing.T) {
	g, r, mark := opened(t)
	grown(t, 0)
	g.Prepare(r.Policy, r.Env)
	g.Prepare(r.Policy, r.Env) // processes are prepared already
	one := grown(t, 1)
	runs(t, g, r, mark)
	grown(t, 0)
	runs(t, g, r, mark) // with nothing prepared

	// The prepared processes are started.
	g.Prepare(r.Policy, r.Env)
	one = grown(t, 1)
	c, err := g.confine(r)
	if err != nil {
		t.Fatal(err)
	}
	if init := strconv.Itoa(c.Init()); !slices.Contains(one, init) {
		t.Errorf("%s was made, while %s waited", init, one)
	}
	c.Kill()

	// Processes prepared for another kind of start wait on, until others are prepared.
	networked := r
	networked.Policy.NetworkAccess = true
	g.Prepare(r.Policy, r.Env)
	one = grown(t, 1)
	runs(t, g, networked, mark)
	if got := grown(t, 1); !slices.Equal(got, one) {
		t.Errorf("%s waits, want %s", got, one)
	}
	g.Prepare(networked.Policy, r.Env)
	without := grown(t, 1)
	if slices.Equal(without, one) {
		t.Errorf("%s still waits", one)
	}
	g.Prepare(r.Policy, r.Env)
	if got := grown(t, 1); slices.Equal(got, without) {
		t.Errorf("%s still waits", without)
	}

	// A killed preparation is no loss.
	g.Prepare(r.Policy, r.Env)
	killed(t, grown(t, 1)[0])
	runs(t, g, r, mark)
	g.Prepare(r.Policy, r.Env)
	grown(t, 1)
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if left := waiting(t); len(left) != 0 {
		t.Errorf("%s are left", left)
	}
}

func TestWhatWaitsIsLetGo(t *testing.T) {
	g, r, _ := opened(t)
	g.Prepare(r.Policy, r.Env)
	grown(t, 1)
	g.ahead.mu.Lock()
	g.ahead.idle.Reset(0)
	g.ahead.mu.Unlock()
	grown(t, 0)
}

// killed kills a child and waits for the end of the child, which nobody has reaped.
func killed(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for status := ""; !strings.Contains(status, "State:\tZ"); {
		b, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil {
			t.Fatal(err)
		}
		status = string(b)
	}
}

// TestPreparedSeesTheMachineAsItIs checks that a command sees changes made after the
// preparation of its processes.
func TestPreparedSeesTheMachineAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, ws string)
		script string // is to succeed
	}{
		"a mount": {func(t *testing.T, ws string) {
			if os.Getuid() != 0 {
				t.Skip("only root can mount")
			}
			must(t, os.Mkdir(ws+"/late", 0o755))
			if err := unix.Mount("late", ws+"/late", "tmpfs", 0, ""); err != nil {
				t.Skip("no mounts here")
			}
			t.Cleanup(func() { unix.Unmount(ws+"/late", unix.MNT_DETACH) })
			must(t, os.WriteFile(ws+"/late/file", nil, 0o644))
		}, "test -e late/file"},
		"another workspace": {func(t *testing.T, ws string) {
			must(t, os.Rename(ws, ws+".old"))
			must(t, os.Mkdir(ws, 0o755))
			must(t, os.WriteFile(ws+"/new", nil, 0o644))
		}, "test -e new"},
		"a repository": {func(t *testing.T, ws string) {
			must(t, os.Mkdir(ws+"/.git", 0o755))
		}, "! touch .git/config"},
		"another repository": {func(t *testing.T, ws string) {
			must(t, os.RemoveAll(ws+"/sub/.git"))
			must(t, os.Mkdir(ws+"/sub/.git", 0o755))
			must(t, os.WriteFile(ws+"/sub/.git/new", nil, 0o644))
		}, "test -e sub/.git/new && ! touch sub/.git/config"},
		"another folder around a repository": {func(t *testing.T, ws string) {
			must(t, os.Rename(ws+"/sub", ws+"/moved"))
			must(t, os.MkdirAll(ws+"/sub/.git", 0o755))
		}, "! touch sub/.git/config && ! touch moved/.git/config"},
		"no repository": {func(t *testing.T, ws string) {
			must(t, os.RemoveAll(ws+"/sub"))
		}, "test ! -e sub && mkdir sub && rmdir sub"},
	} {
		t.Run(name, func(t *testing.T) {
			g, r, mark := opened(t)
			r.Policy.Mode = policy.ModeWorkspaceWrite
			ws := r.Policy.Workspace
			must(t, os.MkdirAll(ws+"/sub/.git", 0o755))
			g.Prepare(r.Policy, r.Env)
			stands(t, grown(t, 1))
			c.change(t, ws)
			r.Argv = []string{"/bin/sh", "-c", c.script + " && echo > " + mark}
			runs(t, g, r, mark)
			g.Prepare(r.Policy, r.Env) // the next preparation doesn't have the old mounts either
			stands(t, grown(t, 1))
			runs(t, g, r, mark)
		})
	}
}

// stands waits until a process has the restrictions: an init without capabilities that
// sleeps.
func stands(t *testing.T, pids []string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for _, pid := range pids {
			status, _ := os.ReadFile("/proc/" + pid + "/status") // the process may have ended
			if text := string(status); strings.Contains(text, "NoNewPrivs:\t1\n") && strings.Contains(text, "CapEff:\t0000000000000000\n") && strings.Contains(text, "State:\tS") {
				return
			}
		}
	}
	t.Fatal("nobody stands in restrictions")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPreparedAfterAnEscalation checks that an escalated start is no pattern for the next
// preparation.
func TestPreparedAfterAnEscalation(t *testing.T) {
	g, r, mark := opened(t)
	r.Policy.Approval = policy.ApprovalOnRequest
	next := r.Policy
	r.Approval = &Approval{By: "test", Escalate: true}
	runs(t, g, r, mark)
	g.Prepare(next, r.Env)
	grown(t, 1)
	g.ahead.mu.Lock()
	defer g.ahead.mu.Unlock()
	if p := g.ahead.next; p == nil || p.plan.Mode != next.Mode || p.plan.Rung != plan.Full {
		t.Errorf("%+v waits for a command in %s", p, next.Mode)
	}
}
