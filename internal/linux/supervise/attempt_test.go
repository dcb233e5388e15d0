//go:build linux

package supervise

import (
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// full returns a listener without room, and the listener's address in the form of
// connect(2).
func full(t *testing.T, domain, kind int) (listener int, address []byte) {
	t.Helper()
	listener = socket(t, domain, kind)
	var at unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if domain == unix.AF_UNIX {
		name := filepath.Join(t.TempDir(), "s")
		at, address = &unix.SockaddrUnix{Name: name}, append([]byte{unix.AF_UNIX, 0}, name+"\x00"...)
	}
	if err := unix.Bind(listener, at); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(listener, 0); err != nil {
		t.Fatal(err)
	}
	if domain == unix.AF_INET {
		name, err := unix.Getsockname(listener)
		if err != nil {
			t.Fatal(err)
		}
		port := name.(*unix.SockaddrInet4).Port
		address = []byte{unix.AF_INET, 0, byte(port >> 8), byte(port), 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	}
	if errno := attempt(socket(t, domain, kind), address); errno != 0 {
		t.Fatal(errno)
	}
	return listener, address
}

func socket(t *testing.T, domain, kind int) int {
	t.Helper()
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// TestAttempt checks that an attempt does not wait at a full listener, even if the caller
// changes the socket's flags and our signal was blocked, and that a later attempt gets
// in.
func TestAttempt(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the thread ends with its mask
	blocked := unix.Sigset_t{}
	blocked.Val[0] = 1 << (interrupt - 1)
	for _, c := range []struct{ domain, kind int }{{unix.AF_UNIX, unix.SOCK_STREAM}, {unix.AF_UNIX, unix.SOCK_SEQPACKET}, {unix.AF_INET, unix.SOCK_STREAM}} {
		listener, address := full(t, c.domain, c.kind)
		sock := socket(t, c.domain, c.kind)
		before, _ := unix.FcntlInt(uintptr(sock), unix.F_GETFL, 0)
		for range 3 {
			if err := unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, nil); err != nil {
				t.Fatal(err)
			}
			if errno := attempt(sock, address); errno != unix.EINTR {
				t.Fatalf("%+v: %v", c, errno)
			}
		}
		if after, _ := unix.FcntlInt(uintptr(sock), unix.F_GETFL, 0); after != before {
			t.Errorf("%+v: flags %#x, then %#x", c, before, after)
		}
		if got, _, err := unix.Accept(listener); err != nil {
			t.Fatal(err)
		} else {
			unix.Close(got)
		}
		if c.domain == unix.AF_INET {
			for deadline := time.Now().Add(20 * time.Second); !ended(sock) && time.Now().Before(deadline); {
				time.Sleep(10 * time.Millisecond)
			}
		}
		if errno := attempt(sock, address); errno != 0 {
			t.Errorf("%+v: with room: %v", c, errno)
		}
	}
}

// TestAttemptNonblocking checks that a non-blocking socket has its own answer, and that a
// socket whose flag changes to and fro does not hold us up.
func TestAttemptNonblocking(t *testing.T) {
	_, address := full(t, unix.AF_UNIX, unix.SOCK_STREAM)
	sock := socket(t, unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK)
	if errno := attempt(sock, address); errno != unix.EAGAIN {
		t.Error(errno)
	}
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; !over.Load(); i++ {
			_ = unix.SetNonblock(sock, i%2 == 0)
		}
	}()
	for range 100 {
		if errno := attempt(sock, address); errno != unix.EAGAIN && errno != unix.EINTR {
			t.Error(errno)
		}
	}
	over.Store(true)
	<-done
}

// TestAnswerWaits checks that Answer looks again at waiting connects: no other code does
// before the command runs. Here the caller is gone at the second look.
func TestAnswerWaits(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	s := &Supervisor{listener: pipe[0]} // no connect comes by this listener
	s.waiting.add(&wanted{n: &notification{}, sock: -1})
	s.Answer(time.Now().Add(20 * time.Second))
	if len(s.waiting.list) != 0 {
		t.Error("it waits on")
	}
}
