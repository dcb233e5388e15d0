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

// shared has the loopbacks of a launcher's starts, each made once. The zero value is ready.
type shared struct {
	mu     sync.Mutex
	folder string               // of the loopback's name; "" without a name
	by     map[string]*loopback // by the key of the starts; nil for one that can't be made
}

// Loopback returns the name of the network namespace that the launcher's starts with a key
// share, as /proc/PID/ns/net writes the name. The first call makes the namespace. Starts with
// different keys must not reach each other; those with a key may have a name server.
func (l *Launcher) Loopback(key string, uid, gid int) (id string, err error) {
	s := &l.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	lo, made := s.by[key]
	if !made {
		if s.folder == "" {
			lo, err = newLoopback(key != "", uid, gid)
		} else {
			lo, err = joinLoopback(s.folder+key, key != "", uid, gid)
		}
		if s.by == nil {
			s.by = map[string]*loopback{}
		}
		s.by[key] = lo
	}
	if lo == nil {
		return "", errors.Join(err, errNoLoopback)
	}
	return lo.id, nil
}

var errNoLoopback = errors.New("no network namespace can be shared")

// close ends the loopbacks without commands.
func (s *shared) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lo := range s.by {
		lo.close()
	}
}

// of returns the loopback with a name, nil for none.
func (s *shared) of(id string) *loopback {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lo := range s.by {
		if lo != nil && lo.id == id {
			return lo
		}
	}
	return nil
}

// newLoopback makes the namespaces by a process that then ends. The process ends with us as
// well, and holds none of our descriptors meanwhile.
// names says that a name server may be there.
func newLoopback(names bool, uid, gid int) (*loopback, error) {
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
	if names {
		w.lowPorts()
	}
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

// lowPorts lets commands of a shared loopback have a name server: they have no capabilities
// over its namespace (ip_unprivileged_port_start, ip-sysctl). Where /proc is read-only there are
// no names inside.
func (w *writer) lowPorts() {
	at := w.For("")
	fd := at.Save("open "+lowestPort, tape.Any, unix.SYS_OPENAT, cwd, lowestPort, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	at.Do("let commands have low ports", tape.Any, unix.SYS_WRITE, fd, "0", 1)
	at.Do("close", tape.Any, unix.SYS_CLOSE, fd)
}

const lowestPort = "/proc/sys/net/ipv4/ip_unprivileged_port_start"

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
	lo := l.shared.of(p.Loopback)
	if lo == nil {
		return nil, errors.New("the network namespace of the client is another one")
	}
	in := &tape.Join{User: int(lo.user.Fd()), Net: int(lo.net.Fd())}
	if leftOut("network namespace") {
		in.Net = -1
	}
	return in, nil
}
