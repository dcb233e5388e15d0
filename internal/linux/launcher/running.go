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
	init    int      // the init's number
}

func newRunning(l *Launch) *Running {
	_ = unix.SetNonblock(l.life, true) // on failure a wait costs a thread, no more
	r := &Running{l: l, channel: os.NewFile(uintptr(l.life), "init"), init: l.first.PID}
	l.life = -1
	return r
}

// Signal passes a signal on to the command's process group.
func (r *Running) Signal(sig syscall.Signal) error {
	if sig < 1 || sig >= tape.ToTree {
		return unix.EINVAL
	}
	return r.send(byte(sig))
}

// send writes a byte to the init. After the end of the tree the error is
// os.ErrProcessDone.
func (r *Running) send(b byte) error {
	_, err := r.channel.Write([]byte{b})
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, os.ErrClosed) {
		return os.ErrProcessDone
	}
	return err
}

// SignalTree passes a signal on to all processes of the command's tree.
func (r *Running) SignalTree(sig syscall.Signal) error { return r.send(byte(sig) | tape.ToTree) }

// Init is the number of the tree's init on the host. The number is the init's until Wait
// returns.
func (r *Running) Init() int { return r.init }

// Resize sets the size of the command's terminal; terminal is the outer end.
func (*Running) Resize(terminal *os.File, s launch.Size) error { return pty.SetSize(terminal, s) }

// Wait waits until no process of the command's tree is left, and the sweep is done. The
// init, which reports the end, may still be exiting. If processes are left after the
// command's end, Wait calls finish beside, with a channel that closes at the end of the
// tree. finish decides how long the processes may go on, and returns the names of those
// that were ended.
func (r *Running) Wait(finish func(over <-chan struct{}) []string) (launch.End, error) {
	said, ended := r.awaitOver(finish)
	var err error
	if !said { // the init was killed: the end of the init is the end of the tree
		err = r.l.awaitEnd()
	}
	r.channel.Close()
	ws, ok := r.l.tape.Status()
	end := launch.End{Status: ws, Killed: !ok, OutOfMemory: r.l.cgroup.outOfMemory(), Denied: r.l.denied(), Unswept: r.l.unswept(), Ended: ended, Refused: r.l.refused(), Git: r.l.finishGit()}
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

// awaitOver reports whether the init has reported the end of the tree, and the names that
// finish returned.
func (r *Running) awaitOver(finish func(over <-chan struct{}) []string) (said bool, ended []string) {
	over := make(chan struct{})
	names := make(chan []string, 1)
	names <- nil
	for {
		var b [1]byte
		n, _ := r.channel.Read(b[:])
		switch {
		case n == 1 && b[0] == tape.MessageLeft:
			<-names
			go func() { names <- finish(over) }()
		case n != 1 || b[0] == tape.MessageOver:
			close(over)
			return n == 1, <-names
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

// refused lists the connects that found nobody.
func (l *Launch) refused() []string {
	if l.served == nil {
		return nil
	}
	return l.served.Refused()
}
