//go:build linux

package tape

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const cwd = unix.AT_FDCWD

// trial is a tape with the two channels of every launch.
type trial struct {
	t *testing.T
	*Tape
	sync, life [2]int // parent's end, process's end
	proc       Process
}

func newTrial(t *testing.T, omit func(string) bool) *trial {
	t.Helper()
	tape, err := New(omit)
	if err != nil {
		t.Fatal(err)
	}
	c := &trial{t: t, Tape: tape}
	for _, pair := range []*[2]int{&c.sync, &c.life} {
		*pair, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.SetsockoptTimeval(pair[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 20})
	}
	t.Cleanup(func() {
		for _, fd := range []int{c.sync[0], c.life[0]} {
			unix.Close(fd)
		}
		tape.Free()
	})
	return c
}

// run starts the tape, and closes the process's ends here to make the end of the process
// visible.
func (c *trial) run() {
	c.t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var err error
	if c.proc, err = c.Clone(0, [3]int{c.sync[1], c.life[1], 0}, nil); err != nil {
		c.t.Fatal(err)
	}
	unix.Close(c.sync[1])
	unix.Close(c.life[1])
}

func (c *trial) wait() syscall.WaitStatus {
	c.t.Helper()
	var ws unix.WaitStatus
	for {
		_, err := unix.Wait4(c.proc.PID, &ws, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			c.t.Fatal(err)
		}
		unix.Close(c.proc.Pidfd)
		return syscall.WaitStatus(ws)
	}
}

// hear reads a message of a process, and returns 0 at the end.
func hear(t *testing.T, fd int) byte {
	t.Helper()
	var b [1]byte
	for {
		n, err := unix.Read(fd, b[:])
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECONNRESET || n == 0:
			return 0
		case err != nil:
			t.Fatal(err)
		}
		return b[0]
	}
}

func TestResultsAndSlots(t *testing.T) {
	c := newTrial(t, nil)
	w := c.For("")
	fd := w.Save("open", OK, unix.SYS_OPENAT, cwd, "/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	dup := w.Save("dup", Positive, unix.SYS_FCNTL, fd, unix.F_DUPFD_CLOEXEC, 77)
	end := w.Do("exit", OK, unix.SYS_EXIT_GROUP, 7)
	c.run()
	if ws := c.wait(); ws.ExitStatus() != 7 {
		t.Errorf("exit status %d, want 7", ws.ExitStatus())
	}
	if c.Value(dup) < 77 {
		t.Errorf("the duplicate is %d, want 77 or more", c.Value(dup))
	}
	if _, ok := c.Result(end); ok {
		t.Error("a call that does not return has a result")
	}
}

func TestWrongResultStops(t *testing.T) {
	for _, want := range []Want{0, OK, Positive, Errno(unix.EACCES), NextPath} {
		c := newTrial(t, nil)
		w := c.For("alpha")
		nr, arg := uintptr(unix.SYS_CLOSE), 9999 // EBADF
		w.Do("first", OK, unix.SYS_GETPID)
		bad := w.Do("second", want, nr, arg)
		w.Do("exit", OK, unix.SYS_EXIT_GROUP, 0)
		c.run()
		if ws := c.wait(); ws.ExitStatus() != 126 {
			t.Errorf("want %d: exit status %d, want 126", want, ws.ExitStatus())
		}
		f := c.Failed(First)
		if f == nil || f.Op != bad || f.Label != "alpha" || f.Unwrap() != unix.EBADF {
			t.Errorf("want %d: failure %+v", want, f)
		}
	}
}

func TestTrialGoesOn(t *testing.T) {
	c := newTrial(t, nil)
	w := c.For("alpha")
	trial := w.Do("trial", Any, unix.SYS_CLOSE, 9999)
	w.Do("exit", OK, unix.SYS_EXIT_GROUP, 3)
	never := w.Do("never run", Any, unix.SYS_GETPID)
	c.run()
	if ws := c.wait(); ws.ExitStatus() != 3 {
		t.Fatalf("exit status %d, want 3", ws.ExitStatus())
	}
	if r, ok := c.Result(trial); !ok || r != -int64(unix.EBADF) {
		t.Errorf("result %d %v, want -EBADF", r, ok)
	}
	if _, ok := c.Result(never); ok {
		t.Error("a call that was not reached has a result")
	}
}

func TestFailureWaitsForTheLook(t *testing.T) {
	c := newTrial(t, nil)
	c.For("").Into(c.AlarmSlot(First), "alarm", OK, unix.SYS_FCNTL, c.Given(0), unix.F_DUPFD_CLOEXEC, 50)
	c.For("alpha").Do("fails", 0, unix.SYS_CLOSE, 9999)
	c.run()
	if b := hear(t, c.sync[0]); b != MessageFailed {
		t.Fatalf("message %q, want %q", b, MessageFailed)
	}
	if _, err := os.ReadFile("/proc/" + strconv.Itoa(c.proc.PID) + "/status"); err != nil {
		t.Errorf("the process can't be looked at: %v", err)
	}
	unix.Shutdown(c.sync[0], unix.SHUT_RDWR)
	c.wait()
}

func TestLeaveOut(t *testing.T) {
	c := newTrial(t, func(label string) bool { return label == "beta" })
	a := c.For("alpha").Do("a", OK, unix.SYS_GETPID)
	b := c.For("beta").Do("b", OK, unix.SYS_GETPID)
	s := c.For("beta").Save("b2", OK, unix.SYS_GETPID)
	c.For("").Do("exit", OK, unix.SYS_EXIT_GROUP, 0)
	c.run()
	c.wait()
	if _, ok := c.Result(a); !ok {
		t.Error("alpha has not run")
	}
	if _, ok := c.Result(b); ok || c.Value(s) != -1 {
		t.Error("beta has run")
	}
	if got := strings.Join(c.Labels(), " "); got != "alpha" {
		t.Errorf("labels %q, want alpha alone", got)
	}
}

// started writes a tape with a shell as the second process, and waits for the exec.
func started(t *testing.T, script string, extra func(w Writer)) *trial {
	c := newTrial(t, nil)
	w := c.For("")
	mask, _ := c.Words(SignalMask())
	all, _ := c.Words(^uint64(0))
	chld, _ := c.Words(1 << (uint(unix.SIGCHLD) - 1))
	w.Do("block", 0, unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, all, 0, 8)
	w.Do("subreaper", 0, unix.SYS_PRCTL, unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	if extra != nil {
		extra(w)
	}
	fork := w.Fork()
	w.Do("session", OK, unix.SYS_SETSID)
	w.Do("mask", 0, unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, mask, 0, 8)
	w.Do("exec nothing", NextPath, unix.SYS_EXECVE, "/no/such/file", c.Strings([]string{"sh"}), c.Strings(nil))
	w.Do("exec", NextPath, unix.SYS_EXECVE, "/bin/sh", c.Strings([]string{"sh", "-c", script}), c.Strings([]string{"PATH=/usr/bin:/bin"}))
	c.Resume(fork)
	w.Do("close", 0, unix.SYS_CLOSE, c.Given(0))
	sfd := w.Save("signalfd", OK, unix.SYS_SIGNALFD4, -1, chld, 8, unix.SFD_CLOEXEC)
	w.Do("put the channel in its place", 40, unix.SYS_DUP3, c.Given(1), 40, 0)
	w.Do("put the signals in their place", 41, unix.SYS_DUP3, sfd, 41, unix.O_CLOEXEC)
	w.Watch(40, 41)
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	c.run()
	if b := hear(t, c.sync[0]); b != 0 {
		t.Fatalf("message %q before exec: %v", b, c.Failed(Second))
	}
	return c
}

func TestWatchKeepsTheStatus(t *testing.T) {
	c := started(t, "exit 42", nil)
	c.wait()
	if ws, ok := c.Status(); !ok || ws.ExitStatus() != 42 {
		t.Errorf("status %v %v, want exit 42", ws, ok)
	}
}

func TestWatchPassesSignalsToTheGroup(t *testing.T) {
	c := started(t, "trap 'exit 5' TERM; while :; do sleep 0.05; done", nil)
	time.Sleep(100 * time.Millisecond) // for the trap; without the trap the signal ends the shell, and the check below fails
	if _, err := unix.Write(c.life[0], []byte{byte(unix.SIGTERM)}); err != nil {
		t.Fatal(err)
	}
	c.wait()
	if ws, ok := c.Status(); !ok || ws.ExitStatus() != 5 {
		t.Errorf("status %v %v, want exit 5", ws, ok)
	}
}

// TestWatchEndsTheTree checks that, without a pid namespace, processes in other sessions
// and with other parents still end with the command, and with the parent's channel.
func TestWatchEndsTheTree(t *testing.T) {
	for name, end := range map[string]string{"command ends": "", "parent ends": "sleep 1000", "parent ends what is left": "", "parent kills": "sleep 1001"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := t.TempDir() + "/pids"
			c := started(t, `for i in 1 2 3; do setsid sh -c 'echo $$ >> `+file+`; sleep 1000 & sleep 1000' & done
				while [ "$(wc -l < `+file+` 2>/dev/null || echo 0)" -lt 3 ]; do sleep 0.01; done; `+end, nil)
			if end != "" {
				for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
					if b, _ := os.ReadFile(file); strings.Count(string(b), "\n") == 3 {
						break
					}
				}
				if name == "parent kills" {
					unix.Write(c.life[0], []byte{byte(unix.SIGKILL)})
				} else {
					unix.Shutdown(c.life[0], unix.SHUT_RDWR)
				}
			}
			if name == "parent ends what is left" {
				if b := hear(t, c.life[0]); b != MessageLeft {
					t.Fatalf("message %q after the command", b)
				}
				for range 2 { // to the children; then to theirs, which are adopted
					unix.Write(c.life[0], []byte{byte(unix.SIGTERM) | ToTree})
					time.Sleep(50 * time.Millisecond)
				}
			}
			c.wait()
			b, err := os.ReadFile(file)
			if err != nil || strings.Count(string(b), "\n") != 3 {
				t.Fatalf("%v: pids %q", err, b)
			}
			for pid := range strings.FieldsSeq(string(b)) {
				if _, err := os.Stat("/proc/" + pid); err == nil {
					t.Errorf("process %s is left", pid)
				}
			}
		})
	}
}

// TestRestKeepsWhereTheProcessIs checks that Rest keeps the op before the watch: by this
// op the parent knows that the first process is at the watch, and the op may not be over
// yet.
func TestRestKeepsWhereTheProcessIs(t *testing.T) {
	tape, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Free()
	w := tape.For("")
	page := uintptr(os.Getpagesize())
	for at := uintptr(1); at%page != 0; at = opsOff + uintptr(tape.Len())*unsafe.Sizeof(op{}) {
		if tape.Len() == maxOps-2 {
			t.Skip("no op begins with a page")
		}
		w.Do("say", 1, unix.SYS_WRITE, 4, "S", 1)
	}
	before := tape.Len() - 1
	said := *tape.op(before)
	w.Watch(4, 5)
	w.Do("sweep", Any, unix.SYS_GETPID)
	tape.Rest()
	if got := *tape.op(before); got != said {
		t.Errorf("the op before the watch is %+v, was %+v", got, said)
	}
	if got := *tape.op(0); before*int(unsafe.Sizeof(op{})) > int(2*page) && got == said {
		t.Error("nothing was given back")
	}
}

func TestTapeIsFull(t *testing.T) {
	c := newTrial(t, nil)
	for range maxOps + 1 {
		c.For("").Do("pid", OK, unix.SYS_GETPID)
	}
	if _, err := c.Clone(0, [3]int{}, nil); err == nil {
		t.Error("a tape with too many ops was run")
	}
	c = newTrial(t, nil)
	c.For("").Do("long", OK, unix.SYS_GETPID, strings.Repeat("x", arenaSize))
	if _, err := c.Clone(0, [3]int{}, nil); err == nil {
		t.Error("a tape with too many bytes was run")
	}
}
