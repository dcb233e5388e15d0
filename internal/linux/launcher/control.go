//go:build linux

package launcher

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/supervise"
	"github.com/lockstile/lockstile/internal/linux/tape"
)

// readControl takes the control data of a message: the sender, and descriptors such as
// the master of a terminal.
func (l *Launch) readControl(oob []byte) error {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return os.NewSyscallError("recvmsg", err)
	}
	for i := range messages {
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			if err := l.takeDescriptors(fds); err != nil {
				return err
			}
		}
		cred, err := unix.ParseUnixCredentials(&messages[i])
		if err != nil || l.command != 0 {
			continue
		}
		l.pidfd, err = unix.PidfdOpen(int(cred.Pid), 0)
		switch {
		case ended(l.first.Pidfd), err == unix.ESRCH:
			// The command went with the init, which ends or has ended, and another
			// process may have the number by now.
			if err == nil {
				unix.Close(l.pidfd)
			}
			l.pidfd = -1
			return l.fault(tape.First, false)
		case err != nil:
			return os.NewSyscallError("pidfd_open", err)
		}
		// The living init reaps nothing before the seal: the number is the command's,
		// dead or alive.
		l.command = int(cred.Pid)
	}
	return nil
}

// takeDescriptors takes the master of a terminal, or the listener for connects with its
// list of sockets, and the listener for servers by name. The sender is a process of ours.
func (l *Launch) takeDescriptors(fds []int) (err error) {
	switch {
	case len(fds) == 1 && l.master < 0:
		l.master = fds[0]
	case (len(fds) == 2 || len(fds) == 4) && l.connects == nil:
		if len(fds) == 4 {
			l.servers, l.names = fds[2], fds[3]
		}
		l.connects, err = supervise.New(fds[0], fds[1])
	default:
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
	return err
}
