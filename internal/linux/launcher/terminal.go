//go:build linux

package launcher

import (
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/refusal"
)

// passFD is the number of the terminal's master while the master is sent out: the message
// contains the number, and therefore the number must be known before.
const passFD = 32

// terminal gives the command a new terminal from the devpts of the view: the host's list
// of terminals has no entry for the terminal. The other end, the master, goes out to the
// parent.
func (w *writer) terminal() {
	at := w.restrict(refusal.Terminal)
	master := at.Save("open a terminal", tape.OK, unix.SYS_OPENAT, cwd, "/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	unlocked, _ := w.Words(0)
	at.Do("unlock it", 0, unix.SYS_IOCTL, master, unix.TIOCSPTLCK, unlocked)
	s := w.cmd.Terminal
	size, _ := w.Words(uint64(s.Rows) | uint64(s.Cols)<<16 | uint64(s.XPixel)<<32 | uint64(s.YPixel)<<48) // struct winsize
	at.Do("set its size", 0, unix.SYS_IOCTL, master, unix.TIOCSWINSZ, size)
	// Not O_CLOEXEC: the flag would stay among the file's flags, visible to programs.
	inner := at.Save("open its inner end", tape.OK, unix.SYS_IOCTL, master, unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY)
	at.Do("put the master in its place", passFD, unix.SYS_DUP3, master, passFD, unix.O_CLOEXEC)
	message, _ := w.message(messageTerminal, unix.UnixRights(passFD))
	at.Do("send the master", 1, unix.SYS_SENDMSG, syncFD, message, 0)
	for fd := range 3 {
		at.Do("make it a standard stream", tape.Want(fd), unix.SYS_DUP3, inner, fd, 0)
	}
	at.Do("make it the controlling terminal", 0, unix.SYS_IOCTL, 0, unix.TIOCSCTTY, 0)
}

// message writes a struct msghdr with a byte and control data, to send or to receive, and
// returns the place of the control data (sendmsg(2), cmsg(3)).
func (w *writer) message(b byte, control []byte) (header tape.Addr, at tape.Slot) {
	text, _ := w.Bytes([]byte{b})
	iov, _ := w.Words(uint64(text), 1)
	oob, at := w.Bytes(control)
	header, _ = w.Words(0, 0, uint64(iov), 1, uint64(oob), uint64(len(control)), 0)
	return header, at
}
