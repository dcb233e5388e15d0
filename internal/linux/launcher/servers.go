//go:build linux

package launcher

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/supervise"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// mostQueued is how many connections may wait in the kernel for lockstile-net.
const mostQueued = 4096

// byName reports whether the command gets a listener that leads to servers.
func (w *writer) byName() bool { return w.plan.ByName && !leftOut(string(refusal.ServersByName)) }

// serversSockets makes the listener for servers by name and the name server's socket, in the
// command's own network namespace: a socket keeps its namespace, and so connections come from
// inside to whoever accepts them outside. Later nobody inside has the sockets.
func (w *writer) serversSockets() []tape.Slot {
	if !w.byName() {
		return nil
	}
	at := w.restrict(refusal.ServersByName)
	listener := w.listenAt(at, [4]byte{127, 0, 0, 1})
	switch {
	case leftOut("servers: one listener"): // we hold the other one, as if it were a terminal
		at.Do("put another in its place", passFD, unix.SYS_DUP3, w.listenAt(at, [4]byte{127, 0, 0, 1}), passFD, unix.O_CLOEXEC)
		message, _ := w.message(messageListener, unix.UnixRights(passFD))
		at.Do("send another listener", 1, unix.SYS_SENDMSG, syncFD, message, 0)
	case leftOut("servers: on loopback"):
		listener = w.listenAt(at, [4]byte{})
	}
	names := at.Save("make a socket for a name server", tape.OK, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	address := w.resolver
	if leftOut("servers: names on loopback") {
		address = [4]byte{}
	}
	// Without success there are no names inside: others may have the port in a shared loopback,
	// or it may need a capability there.
	at.Do("bind it to the port of name servers", tape.Any, unix.SYS_BIND, names, w.sockaddr(address, portNames), unix.SizeofSockaddrInet4)
	return []tape.Slot{listener, names}
}

const portNames = 53

func (w *writer) listenAt(at tape.Writer, address [4]byte) (listener tape.Slot) {
	listener = at.Save("make a listener for servers by name", tape.OK, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	at.Do("bind the listener to a free port", 0, unix.SYS_BIND, listener, w.sockaddr(address, 0), unix.SizeofSockaddrInet4)
	at.Do("listen", 0, unix.SYS_LISTEN, listener, mostQueued)
	return listener
}

// sockaddr writes a struct sockaddr_in: the port in network order (ip(7)).
func (w *writer) sockaddr(address [4]byte, port int) tape.Addr {
	b := append([]byte{unix.AF_INET, 0, byte(port >> 8), byte(port)}, address[:]...)
	at, _ := w.Bytes(append(b, make([]byte, 8)...))
	return at
}

// resolverAddress returns where the name server of a plan is to be: each command of a shared
// loopback has one of its own.
func resolverAddress(p *plan.Plan) [4]byte {
	if p.Loopback == "" {
		return [4]byte{127, 0, 0, 1}
	}
	b := [3]byte{}
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return [4]byte{127, 1 + b[0]%254, b[1], 1 + b[2]%254}
}

// namesFile makes the file that names the name server.
func (w *writer) namesFile() {
	if !w.plan.ByName {
		return
	}
	at := w.For("")
	text := "nameserver " + netip.AddrFrom4(w.resolver).String() + "\noptions timeout:2 attempts:2\n"
	fd := at.Save("make "+plan.NamesFile, tape.OK, unix.SYS_OPENAT, cwd, plan.NamesFile, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o444)
	at.Do("write "+plan.NamesFile, tape.Want(len(text)), unix.SYS_WRITE, fd, text, len(text))
	at.Do("close", 0, unix.SYS_CLOSE, fd)
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
	if at, err := unix.Getsockname(l.names); err == nil && at.(*unix.SockaddrInet4).Port == 0 { // the socket is of the family
		unix.Close(l.names)
		l.names = -1
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

// Servers returns the listener for servers by name and the name server's socket, -1 for none,
// and the cookie of the command's network namespace (SO_NETNS_COOKIE). The descriptors stay
// ours.
func (l *Launch) Servers() (listener, names int, cookie uint64) {
	if l.connects == nil {
		return l.servers, l.names, 0
	}
	return l.servers, l.names, l.connects.Cookie()
}

// Lead leads connects of the command to the addresses that leads accepts through the listener
// for servers by name, from the release on.
func (l *Launch) Lead(leads func(netip.AddrPort) bool) {
	if l.connects != nil && l.servers >= 0 {
		l.connects.Lead(supervise.Way{Port: l.serversPort, Leads: leads})
	}
}

// AllowSockets lets the command reach Unix sockets of the host, from the release on.
func (l *Launch) AllowSockets(allows func(device, inode uint64) bool) {
	if l.connects != nil {
		l.connects.AllowSockets(allows)
	}
}

// TakeServers hands both sockets over: the caller must close them.
func (l *Launch) TakeServers() (listener, names int) {
	listener, names = l.servers, l.names
	l.servers, l.names = -1, -1
	return listener, names
}
