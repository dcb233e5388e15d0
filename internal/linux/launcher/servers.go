//go:build linux

package launcher

import (
	"errors"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/supervise"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/refusal"
)

// mostQueued is how many connections may wait in the kernel for lockstile-net.
const mostQueued = 4096

// byName reports whether the command gets a listener that leads to servers.
func (w *writer) byName() bool { return w.plan.ByName && !leftOut(string(refusal.ServersByName)) }

// serversListener makes the listener for servers by name, in the command's own network
// namespace: a socket keeps its namespace, and so connections come from inside to whoever
// accepts them outside. Later nobody inside has the socket.
func (w *writer) serversListener() (listener tape.Slot) {
	if !w.byName() {
		return 0
	}
	at := w.restrict(refusal.ServersByName)
	listener = w.listenAt(at, [4]byte{127, 0, 0, 1})
	switch {
	case leftOut("servers: one listener"): // we hold the other one, as if it were a terminal
		at.Do("put another in its place", passFD, unix.SYS_DUP3, w.listenAt(at, [4]byte{127, 0, 0, 1}), passFD, unix.O_CLOEXEC)
		message, _ := w.message(messageListener, unix.UnixRights(passFD))
		at.Do("send another listener", 1, unix.SYS_SENDMSG, syncFD, message, 0)
	case leftOut("servers: on loopback"):
		listener = w.listenAt(at, [4]byte{})
	}
	return listener
}

func (w *writer) listenAt(at tape.Writer, address [4]byte) (listener tape.Slot) {
	listener = at.Save("make a listener for servers by name", tape.OK, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	sockaddr, _ := w.Bytes(append([]byte{unix.AF_INET, 0, 0, 0}, append(address[:], make([]byte, 8)...)...))
	at.Do("bind the listener to a free port", 0, unix.SYS_BIND, listener, sockaddr, unix.SizeofSockaddrInet4)
	at.Do("listen", 0, unix.SYS_LISTEN, listener, mostQueued)
	return listener
}

// tryListener tries to reach servers by name.
func (w *writer) tryListener() {
	if w.plan.ByName {
		w.tryConnect("reach the listener", w.servers)
	}
}

var errNoListener = errors.New("the command has sent no listener")

// ServersPort waits for the listener for servers by name, and returns its port. The error is
// that of the process.
func (l *Launch) ServersPort() (port int, err error) {
	if err := l.await(messageListener); err != nil {
		return 0, err
	}
	if l.servers < 0 {
		return 0, nil // the evidence shows it
	}
	if leftOut("servers: in the command's network namespace") {
		unix.Close(l.servers)
		if l.servers, _, err = listen(); err != nil {
			return 0, err
		}
	}
	at, err := unix.Getsockname(l.servers)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	in, ok := at.(*unix.SockaddrInet4)
	if !ok {
		return 0, errNoListener
	}
	l.serversPort = in.Port
	return in.Port, nil
}

// Servers returns the listener for servers by name, -1 for none, and the cookie of the
// command's network namespace (SO_NETNS_COOKIE). The descriptor stays ours.
func (l *Launch) Servers() (listener int, cookie uint64) {
	if l.connects == nil {
		return l.servers, 0
	}
	return l.servers, l.connects.Cookie()
}

// Lead leads connects of the command that find nobody inside through the listener for servers
// by name, from the release on.
func (l *Launch) Lead(leads func(netip.AddrPort) bool) {
	if l.connects != nil && l.servers >= 0 {
		l.connects.Lead(supervise.Way{Port: l.serversPort, Leads: leads})
	}
}

// TakeServers hands the listener over: the caller must close it.
func (l *Launch) TakeServers() (listener int) {
	listener = l.servers
	l.servers = -1
	return listener
}
