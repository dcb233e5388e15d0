package gate

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

	"github.com/lockstile/lockstile/policy"
)

// waiting lists our children that are no commands: the spawner, and who waits.
func waiting(t *testing.T) (pids []string) {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Skip("this kernel doesn't list children")
	}
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread that ended has none
		for pid := range strings.FieldsSeq(string(text)) {
			status, err := os.ReadFile("/proc/" + pid + "/status")
			if err == nil && strings.HasPrefix(string(status), "Name:\tlockstile-spawn\n") && !strings.Contains(string(status), "State:\tZ") {
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

// runs starts the request's command and sees it to its end.
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
	alone := grown(t, 1) // the spawner
	g.Prepare(r.Policy)
	g.Prepare(r.Policy) // there is one already
	two := grown(t, 2)
	runs(t, g, r, mark)
	if got := grown(t, 1); !slices.Equal(got, alone) {
		t.Errorf("%s was prepared and %s waits still", two, got)
	}
	runs(t, g, r, mark) // with nothing prepared

	// One that serves for another kind of start gives way, and so it does where
	// nothing starts at all: it would show the mounts of a time that is over.
	networked := r
	networked.Policy.NetworkAccess = true
	g.Prepare(r.Policy)
	grown(t, 2)
	runs(t, g, networked, mark)
	grown(t, 1)
	g.Prepare(networked.Policy)
	without := grown(t, 2)
	g.Prepare(r.Policy)
	if got := grown(t, 2); slices.Equal(got, without) {
		t.Errorf("%s still waits", without)
	}
	nothing := r
	nothing.Argv = nil
	if _, err := g.Start(nothing); err == nil {
		t.Error("nothing was started")
	}
	grown(t, 1)

	// One that was killed is no loss.
	g.Prepare(r.Policy)
	for _, pid := range grown(t, 2) {
		if pid != alone[0] {
			killed(t, pid)
		}
	}
	runs(t, g, r, mark)

	// Nor is the spawner.
	killed(t, alone[0])
	runs(t, g, r, mark)
	g.Prepare(r.Policy)
	grown(t, 2)
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if left := waiting(t); len(left) != 0 {
		t.Errorf("%s are left", left)
	}
}

// killed kills a child and waits for its end, which nobody has reaped.
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

// TestPreparedSeesTheMachineAsItIs: who waits has no mounts of its own yet.
func TestPreparedSeesTheMachineAsItIs(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	g, r, mark := opened(t)
	g.Prepare(r.Policy)
	grown(t, 2)
	late := filepath.Join(r.Policy.Workspace, "late")
	if err := os.Mkdir(late, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("late", late, "tmpfs", 0, ""); err != nil {
		t.Skip("no mounts here")
	}
	defer unix.Unmount(late, unix.MNT_DETACH)
	if err := os.WriteFile(late+"/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r.Policy.Mode = policy.ModeWorkspaceWrite
	r.Argv = []string{"/bin/sh", "-c", "test -e late/file && echo > " + mark}
	runs(t, g, r, mark)
}
