//go:build linux

package tape

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestCloneIsSmall checks that a first process has neither the heap, however large, nor
// other tapes, and that we keep both.
func TestCloneIsSmall(t *testing.T) {
	heap := make([]byte, 256<<20)
	// Not by writing: the race detector's own memory would grow as well.
	if err := unix.Madvise(heap, unix.MADV_POPULATE_WRITE); err != nil {
		t.Skipf("Linux 5.14: %v", err)
	}
	newTrial(t, nil) // another tape
	c := newTrial(t, nil)
	w := c.For("")
	w.Do("say", 1, unix.SYS_WRITE, c.Given(0), "x", 1)
	w.Do("wait", 0, unix.SYS_READ, c.Given(0), c.Tape.AddrOf(c.Slot()), 1)
	c.run()
	hear(t, c.sync[0])
	dir := fmt.Sprintf("/proc/%d/", c.proc.PID)
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	if _, err := fmt.Sscan(rest, &kib); err != nil || kib > 32<<10 {
		t.Errorf("%d KiB, where the heap has %d (%v)", kib, len(heap)>>10, err)
	}
	theirs, err := os.ReadFile(dir + "maps")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(theirs), "/dev/zero"); n != 1 {
		t.Errorf("it has %d tapes", n)
	}
	unix.Shutdown(c.sync[0], unix.SHUT_RDWR)
	c.wait()

	heap[4096] = 1 // the heap is still ours, and forks of ours copy the heap
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	for mapping := range strings.SplitSeq(string(maps), "VmFlags:") {
		flags, _, _ := strings.Cut(mapping, "\n")
		if strings.Contains(flags, " dc") && !strings.Contains(flags, " sh") {
			t.Error("memory that forks don't have:", flags)
		}
	}
	runtime.KeepAlive(heap)
}

// TestCloneAtOnce checks that clones by several threads leave each other's stacks intact.
func TestCloneAtOnce(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				tape, err := New(nil)
				if err != nil {
					t.Error(err)
					return
				}
				tape.For("").Do("exit", OK, unix.SYS_EXIT_GROUP, 7)
				p, err := tape.Clone(0, [3]int{}, nil)
				if err != nil {
					t.Error(err)
					return
				}
				var ws unix.WaitStatus
				if _, err := unix.Wait4(p.PID, &ws, 0, nil); err != nil || ws.ExitStatus() != 7 {
					t.Errorf("%v, %v", err, ws)
				}
				unix.Close(p.Pidfd)
				if err := tape.Free(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// TestCloneGivesDescriptors checks that the tape finds given descriptors by their numbers
// here, whatever other files are open.
func TestCloneGivesDescriptors(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "given"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := newTrial(t, nil)
	c.For("").Do("write", 5, unix.SYS_WRITE, c.Given(2), "hello", 5)
	c.For("").Do("exit", OK, unix.SYS_EXIT_GROUP, 0)
	p, err := c.Clone(0, [3]int{c.sync[1], c.life[1], int(f.Fd())}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.proc = p
	if ws := c.wait(); ws.ExitStatus() != 0 {
		t.Error(ws)
	}
	if text, err := os.ReadFile(f.Name()); err != nil || string(text) != "hello" {
		t.Errorf("%q %v", text, err)
	}
}

// zero is a variable with initial value zero.
var zero int

func TestMemory(t *testing.T) {
	const maps = `00200000-00300000 r--p 00000000 fe:00 99                                 /var/lib/data
00400000-004ab000 r-xp 00000000 fe:00 10027227                           /bin/program
004ab000-00599000 r--p 00000000 fe:00 10027227                           /bin/program
00599000-005cf000 rw-p 00000000 fe:00 10027227                           /bin/program
005cf000-00600000 rw-p 00000000 00:00 0 
00700000-00800000 rw-p 00000000 00:00 0                                  [heap]
c000000000-c000400000 rw-p 00000000 00:00 0 
c000400000-c000800000 rw-p 00000000 00:00 0                              [anon: Go: heap]
c000800000-c004000000 ---p 00000000 00:00 0 
d000000000-d000400000 rw-p 00000000 00:00 0 
7f442f1a0000-7f442f300000 rw-s 00000000 00:01 7                          /dev/zero (deleted)
7f442f300000-7f442f400000 rw-p 00000000 00:00 0 
7f442f400000-7f442f500000 rw-p 00000000 fe:00 7                          /lib/libc.so
7ffc7bac6000-7ffc7bae7000 rw-p 00000000 00:00 0                          [stack]
7ffc7bae7000-7ffc7bae8000 r-xp 00000000 00:00 0                          [vdso]
`
	const (
		heap = "{c000000000 c000400000} {c000400000 c000800000} {c000800000 c004000000}"
		all  = "[{700000 800000} " + heap + " {d000000000 d000400000} {7f442f300000 7f442f400000}]"
	)
	libc := strings.ReplaceAll(maps, "7f442f400000-7f442f500000 rw-p", "7f442f400000-7f442f500000 r-xp")
	for _, c := range []struct {
		maps       string
		cgo        bool
		thread     uintptr
		ours, rest string
	}{
		{maps, false, 0, all, "[{200000 300000} {700000 c000400000} {c000800000 d000400000} {7f442f300000 7ffc7bae7000}]"},
		{libc, true, 0x7f442f3ff6c0, "[" + heap + "]", "[{200000 300000} {700000 c000400000} {c000800000 d000400000} {7f442f400000 7ffc7bae7000}]"},
		{maps, true, 0x7f442f3ff6c0, "[" + heap + "]", "[{200000 300000} {700000 c000400000} {c000800000 d000400000} {7f442f400000 7ffc7bae7000}]"},
		{libc, false, 0, "[" + heap + "]", "[]"},
		{libc, true, 0, "[" + heap + "]", "[]"},
	} {
		m := parseProgram(c.maps, 0x401000).memory(c.cgo, 0xc000401234, 0x7f442f1a0000, c.thread)
		if ours, rest := fmt.Sprintf("%x", m.ours), fmt.Sprintf("%x", m.rest); ours != c.ours || rest != c.rest {
			t.Errorf("%+v: %s and %s", c, ours, rest)
		}
		if m.image != (span{0x599000, 0x600000}) {
			t.Errorf("%x", m.image)
		}
	}
	pie := strings.ReplaceAll(strings.ReplaceAll(maps, "\n00", "\n555500"), "-00", "-555500")
	if m := parseProgram(pie, 0x555500401000).memory(false, 0xc000401234); m.image != (span{0x5555005cf000, 0x555500600000}) {
		t.Errorf("%x", m.image)
	}
	if m := parseProgram(maps, 0x1000).memory(true, 0xc000401234, 0); m.rest != nil || m.ours != nil || m.image != (span{}) {
		t.Errorf("%x", m)
	}
	m := readMemory(0)
	variable := uintptr(unsafe.Pointer(&zero))
	if len(m.ours) == 0 || !m.image.holds(variable) {
		t.Errorf("our own memory is not found: %x, a variable at %x", m, variable)
	}
}
