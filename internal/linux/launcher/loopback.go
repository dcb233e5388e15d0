//go:build linux

package launcher

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
)

// loopback is a network namespace for the commands of one client, with a user namespace of
// its own: a command that is made there reaches the servers of earlier commands. Both live
// as long as the descriptors are open. Only we hold the descriptors, and commands have no
// capability to enter.
type loopback struct {
	user, net *os.File
	id        string   // as /proc/PID/ns/net names the namespace
	file      *os.File // of this program, for a loopback with a name; locked
}

// shared makes the loopback of a launcher's starts, once.
type shared struct {
	once sync.Once
	lo   *loopback
	err  error
}

// Loopback returns the name of the network namespace that the launcher's starts share, as
// /proc/PID/ns/net writes the name. The first call makes the namespace.
func (l *Launcher) Loopback(uid, gid int) (id string, err error) {
	l.shared.once.Do(func() { l.shared.lo, l.shared.err = newLoopback(uid, gid) })
	if l.shared.err != nil {
		return "", l.shared.err
	}
	return l.shared.lo.id, nil
}

// newLoopback makes the namespaces by a process that then ends. The process ends with us as
// well, and holds none of our descriptors meanwhile.
func newLoopback(uid, gid int) (*loopback, error) {
	t, err := tape.New(nil)
	if err != nil {
		return nil, err
	}
	defer t.Free() // our own mapping: can't fail
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	w := &writer{Tape: t, plan: &plan.Plan{UID: uid, GID: gid}}
	w.descriptors()
	w.idMaps()
	plumbing := w.For("")
	plumbing.Do("unshare network namespace", 0, unix.SYS_UNSHARE, unix.CLONE_NEWNET)
	w.loopback()
	plumbing.Do("tell the parent", 1, unix.SYS_WRITE, lifeFD, string(rune(messageGo)), 1)
	w.hear(lifeFD) // until we have opened the namespaces
	proc, err := t.Clone(unix.CLONE_NEWUSER, [3]int{pair[1], pair[1], pair[1]}, nil)
	if err != nil {
		return nil, err
	}
	one := Launch{tape: t, first: proc, deadline: time.Now().Add(patience)}
	defer func() {
		_ = unix.PidfdSendSignal(proc.Pidfd, unix.SIGKILL, nil, 0) // an ended process is as good
		_, _ = one.reap()
		unix.Close(proc.Pidfd)
	}()
	if err := one.poll([]unix.PollFd{{Fd: int32(pair[0]), Events: unix.POLLIN}, {Fd: int32(proc.Pidfd), Events: unix.POLLIN}}); err != nil {
		return nil, err
	}
	if failed := t.Failed(tape.First); failed != nil {
		return nil, failed
	}
	return openLoopback(proc.PID)
}

// openLoopback opens the namespaces of a process.
func openLoopback(pid int) (*loopback, error) {
	out := &loopback{}
	var err, netErr, linkErr error
	out.user, err = os.Open(fmt.Sprintf("/proc/%d/ns/user", pid))
	out.net, netErr = os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	out.id, linkErr = os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err = errors.Join(err, netErr, linkErr); err != nil {
		out.close()
		return nil, err
	}
	return out, nil
}

// close ends the namespaces, unless processes are in them.
func (lo *loopback) close() {
	if lo != nil && lo.user != nil {
		lo.user.Close()
	}
	if lo != nil && lo.net != nil {
		lo.net.Close()
	}
	if lo != nil && lo.file != nil {
		_ = os.Remove(lo.file.Name())
		lo.file.Close()
	}
}

// joinOf returns the namespaces for a plan's first process, nil for none.
func (l *Launcher) joinOf(p *plan.Plan) (*tape.Join, error) {
	if p.Loopback == "" {
		return nil, nil
	}
	if lo := l.shared.lo; lo == nil || lo.id != p.Loopback {
		return nil, errors.New("the network namespace of the client is another one")
	}
	in := &tape.Join{User: int(l.shared.lo.user.Fd()), Net: int(l.shared.lo.net.Fd())}
	if leftOut("network namespace") {
		in.Net = -1
	}
	return in, nil
}
