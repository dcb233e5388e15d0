//go:build linux

package launcher

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
)

// Network is the network namespace of a command, as descriptors of ours: sockets can be made
// there from outside. The caller must Close it.
type Network struct{ user, net *os.File }

// TakeNetwork hands the network namespace of the command over, for a plan that publishes ports;
// otherwise nil.
func (l *Launch) TakeNetwork() *Network {
	n := l.network
	l.network = nil
	return n
}

// openNetwork opens the network namespace of the command, while the init can be looked at.
func (l *Launch) openNetwork() (*Network, error) {
	if l.joined != nil {
		return (&Network{l.joined.user, l.joined.net}).Again()
	}
	own, err := openLoopback(l.first.PID)
	if err != nil {
		return nil, err
	}
	return &Network{own.user, own.net}, nil
}

// Again opens the namespace once more.
func (n *Network) Again() (*Network, error) {
	user, err := again(n.user)
	if err != nil {
		return nil, err
	}
	net, err := again(n.net)
	if err != nil {
		user.Close()
		return nil, err
	}
	return &Network{user, net}, nil
}

// again opens the file of a descriptor once more.
func again(f *os.File) (*os.File, error) { return os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd())) }

// Close gives the namespace up; nil has none.
func (n *Network) Close() {
	if n == nil {
		return
	}
	n.user.Close() // nil is as good
	n.net.Close()
}

// Socket makes a TCP socket in the namespace, of a family (socket(2)). A process of ours enters
// the namespace, makes the socket, and sends it out.
func (n *Network) Socket(family int) (fd int, err error) {
	t, err := tape.New(nil)
	if err != nil {
		return -1, err
	}
	defer t.Free() // our own mapping: can't fail
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	w := &writer{Tape: t, plan: &plan.Plan{}}
	at := w.For("")
	at.Do("enter the user namespace", 0, unix.SYS_SETNS, int(n.user.Fd()), unix.CLONE_NEWUSER)
	at.Do("enter the network namespace", 0, unix.SYS_SETNS, int(n.net.Fd()), unix.CLONE_NEWNET)
	message, control := w.message(messageGo, unix.UnixRights(0))
	at.Into(control+tape.Slot(unix.CmsgLen(0)), "make a socket", tape.OK, unix.SYS_SOCKET, family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) // its number goes into the message
	at.Do("send the socket", 1, unix.SYS_SENDMSG, pair[1], message, 0)
	at.Do("end", tape.OK, unix.SYS_EXIT_GROUP, 0)
	if err := w.Err(); err != nil {
		return -1, err
	}
	if err := runToEnd(t, 0); err != nil {
		return -1, err
	}
	return receiveDescriptor(pair[0])
}

func receiveDescriptor(channel int) (int, error) {
	oob := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(channel, make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if err != nil {
		return -1, os.NewSyscallError("recvmsg", err)
	}
	messages, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		return -1, errors.Join(err, errNoListener)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1, errors.Join(err, errNoListener)
	}
	return fds[0], nil
}
