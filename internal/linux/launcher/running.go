//go:build linux

package launcher

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/pty"
)

// Running is a released command. Signal may be called beside Wait.
type Running struct {
	l       *Launch
	channel *os.File // to the init
}

func newRunning(l *Launch) *Running {
	_ = unix.SetNonblock(l.life, true) // on failure a wait costs a thread, no more
	r := &Running{l: l, channel: os.NewFile(uintptr(l.life), "init")}
	l.life = -1
	return r
}

// Signal passes a signal on to the command's process group.
func (r *Running) Signal(sig syscall.Signal) error {
	_, err := r.channel.Write([]byte{byte(sig)})
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, os.ErrClosed) {
		return os.ErrProcessDone
	}
	return err
}

// Resize sets the size of the command's terminal; terminal is the outer end.
func (*Running) Resize(terminal *os.File, s launch.Size) error { return pty.SetSize(terminal, s) }

// Wait waits until no process of the command's tree is left, and the sweep is done. The
// init, which reports the end, may still be exiting.
func (r *Running) Wait() (launch.End, error) {
	said := r.awaitOver()
	var err error
	if !said { // the init was killed: the end of the init is the end of the tree
		err = r.l.awaitEnd()
	}
	r.channel.Close()
	ws, ok := r.l.tape.Status()
	end := launch.End{Status: ws, Killed: !ok, OutOfMemory: r.l.cgroup.outOfMemory(), Denied: r.l.denied()}
	r.l.cgroup.remove()
	if !said {
		r.l.close()
		return end, err
	}
	go func() {
		_ = r.l.awaitEnd() // the command's end is known
		r.l.close()
	}()
	return end, nil
}

// awaitOver reports whether the init has reported the end of the tree.
func (r *Running) awaitOver() bool {
	var b [1]byte
	for {
		if n, _ := r.channel.Read(b[:]); n != 1 {
			return false
		}
		if b[0] == tape.MessageOver {
			return true
		}
	}
}

// awaitEnd is reap without a blocked thread: a caller may wait for a thousand commands.
func (l *Launch) awaitEnd() error {
	if unix.SetNonblock(l.first.Pidfd, true) != nil {
		_, err := l.reap()
		return err
	}
	ended := os.NewFile(uintptr(l.first.Pidfd), "pidfd")
	l.first.Pidfd = -1
	defer ended.Close()
	conn, err := ended.SyscallConn()
	reaped := false
	if err == nil {
		err = conn.Read(func(uintptr) bool { // readable after the end of the process, pidfd_open(2)
			pid, errno := unix.Wait4(l.first.PID, nil, unix.WALL|unix.WNOHANG, nil)
			reaped = pid > 0 || errno != nil && errno != unix.EINTR
			return reaped
		})
	}
	if !reaped { // this kernel has no poll for a pidfd
		_, err = l.reap()
	}
	return err
}
