//go:build linux

package tape

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// answers has a first process made that exits with 7, and waits for it.
func answers(t *testing.T, s *Spawner) {
	t.Helper()
	tape, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Free()
	tape.For("").Do("exit", OK, unix.SYS_EXIT_GROUP, 7)
	p, err := s.Clone(tape, 0, [3]int{})
	if err != nil {
		t.Error(err)
		return
	}
	defer unix.Close(p.Pidfd)
	var ws unix.WaitStatus
	if _, err := unix.Wait4(p.PID, &ws, 0, nil); err != nil || ws.ExitStatus() != 7 {
		t.Errorf("%v, exit status %d", err, ws.ExitStatus())
	}
}

func newSpawner(t *testing.T) *Spawner {
	t.Helper()
	s := NewSpawner()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSpawnerIsReplaced(t *testing.T) {
	s := newSpawner(t)
	answers(t, s)
	for range 3 {
		before := s.process.PID
		if err := unix.Kill(before, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { answers(t, s) })
		}
		group.Wait()
		if s.process.PID == before {
			t.Error("a dead spawner has answered")
		}
		if err := unix.Kill(before, 0); err != unix.ESRCH {
			t.Errorf("the dead spawner is not reaped: %v", err)
		}
	}
}

// TestSpawnerIsSmall: it hasn't got the heap, however large that is, and has
// nothing open that is the parent's.
func TestSpawnerIsSmall(t *testing.T) {
	heap := make([]byte, 256<<20)
	// Not by writing: the race detector's own memory would grow along.
	if err := unix.Madvise(heap, unix.MADV_POPULATE_WRITE); err != nil {
		t.Skipf("Linux 5.14: %v", err)
	}
	secret, err := os.Create(filepath.Join(t.TempDir(), "open"))
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	s := newSpawner(t)
	answers(t, s) // it has settled
	dir := fmt.Sprintf("/proc/%d/", s.process.PID)
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	if _, err := fmt.Sscan(rest, &kib); err != nil || kib > 32<<10 {
		t.Errorf("%d KiB, where the heap has %d (%v)", kib, len(heap)>>10, err)
	}
	if !strings.HasPrefix(string(status), "Name:\tlockstile-spawn\n") {
		t.Errorf("%.40q", status)
	}
	fds, err := os.ReadDir(dir + "fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		to, _ := os.Readlink(dir + "fd/" + fd.Name())
		if to != os.DevNull && !strings.HasPrefix(to, "socket:") || len(fds) != 4 {
			t.Errorf("of %d descriptors, %s is %s", len(fds), fd.Name(), to)
		}
	}
	heap[4096] = 1 // it is still ours, and of whom we fork
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && strings.Contains(flags, " dc") {
			t.Error("memory that forks don't have:", flags)
		}
	}
}

func TestSpawnerIsClosed(t *testing.T) {
	s := NewSpawner()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tape, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Free()
	if _, err := s.Clone(tape, 0, [3]int{}); !errors.Is(err, os.ErrClosed) || s.process.PID != 0 {
		t.Errorf("%v, spawner %d", err, s.process.PID)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSpawnerEnds with the channel, which its parent's death closes.
func TestSpawnerEnds(t *testing.T) {
	s := NewSpawner()
	answers(t, s)
	unix.Shutdown(s.channel, unix.SHUT_RDWR)
	var ws unix.WaitStatus
	if _, err := unix.Wait4(s.process.PID, &ws, 0, nil); err != nil || !ws.Exited() {
		t.Errorf("%v %v", err, ws)
	}
	unix.Close(s.channel)
	unix.Close(s.process.Pidfd)
	s.process = Process{}
}

func TestHeapSpans(t *testing.T) {
	const maps = `00400000-004ab000 r-xp 00000000 fe:00 10027227 /bin/program
00599000-005cf000 rw-p 00000000 00:00 0 
c000000000-c000400000 rw-p 00000000 00:00 0 
c000400000-c000800000 rw-p 00000000 00:00 0                 [anon: Go: heap]
c000800000-c004000000 ---p 00000000 00:00 0 
d000000000-d000400000 rw-p 00000000 00:00 0 
7f442f1a0000-7f442f300000 rw-p 00000000 00:00 0 
`
	got := fmt.Sprintf("%x", heapSpans(maps, 0xc000401234))
	if got != "[{c000000000 c000400000} {c000400000 c000800000} {c000800000 c004000000}]" {
		t.Error(got)
	}
	if got := heapSpans(maps, 0x1000); got != nil {
		t.Errorf("%x", got)
	}
	if got := heapSpans("", 0x1000); got != nil {
		t.Errorf("%x", got)
	}
}
