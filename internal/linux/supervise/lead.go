//go:build linux

package supervise

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/socks"
)

// Way leads connects through a SOCKS 5 server inside: programs that know no proxy reach
// servers too.
type Way struct {
	Port  int                       // of the server, on the sandbox's loopback
	Leads func(netip.AddrPort) bool // whether an address is to be reached there; the server decides
}

// Lead leads connects from here on. Lead comes before Serve.
func (s *Supervisor) Lead(by Way) { s.way = &by }

// Steps of a connect that is led.
const (
	leadConnect = iota
	leadAsk
	leadAnswer
)

// lead is a connect on its way through the server.
type lead struct{ step int }

// leads reports whether a connect goes through the server: a stream to an address of the
// rules, unless somebody inside listens there.
func (s *Supervisor) leads(w *wanted) bool {
	if s.way == nil || w.domain == unix.AF_UNIX {
		return false
	}
	to, ok := w.internet()
	if !ok || !s.way.Leads(to) {
		return false
	}
	kind, err := unix.GetsockoptInt(w.sock, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && kind == unix.SOCK_STREAM && !(to.Addr().IsLoopback() && listensInside(int(w.n.tid), to.Port()))
}

// listensInside reports whether a socket of a thread's network namespace listens on a port
// (proc_pid_net(5)).
func listensInside(tid int, port uint16) bool {
	for _, protocol := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/net/" + protocol)
		if err == nil && hasListener(text, port) {
			return true
		}
	}
	return false
}

// stateListens is the state of a listener there (net/tcp_states.h).
const stateListens = "0A"

func hasListener(list []byte, port uint16) bool {
	at := fmt.Sprintf(":%04X", port)
	for line := range bytes.Lines(list) {
		f := bytes.Fields(line)
		if len(f) > 3 && string(f[3]) == stateListens && bytes.HasSuffix(f[1], []byte(at)) {
			return true
		}
	}
	return false
}

// follow takes the next steps of a connect that is led, without a wait: what the caller's
// other threads do with the socket meanwhile can't hold us, and spoils their own connect.
func (s *Supervisor) follow(w *wanted) (errno unix.Errno) {
	if errno := w.fetch(); errno != 0 {
		return errno
	}
	for errno == 0 && w.lead.step <= leadAnswer {
		switch w.lead.step {
		case leadConnect:
			errno = w.connectTo(s.way.Port)
		case leadAsk:
			errno = w.ask()
		case leadAnswer:
			if errno = w.answer(); errno != 0 && errno != notYet {
				w.disconnect()
			}
		}
		if errno == 0 {
			w.lead.step++
		}
	}
	return errno
}

// connectTo connects to a port of the sandbox's loopback.
func (w *wanted) connectTo(port int) unix.Errno {
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if w.domain == unix.AF_INET6 {
		loopback = netip.AddrFrom16(loopback.As16()) // mapped
	}
	switch errno := attempt(w.sock, sockaddr(netip.AddrPortFrom(loopback, uint16(port)))); errno {
	case unix.EISCONN: // an earlier attempt of ours connected
		return 0
	case unix.EALREADY, unix.EINPROGRESS:
		return notYet
	default:
		return errno
	}
}

// ask sends the greeting and the request of SOCKS 5 at once (RFC 1928).
func (w *wanted) ask() unix.Errno {
	to, _ := w.internet()
	b := socks.Ask(to)
	n, err := unix.SendmsgN(w.sock, b, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if err == nil && n < len(b) {
		return unix.ECONNREFUSED // a new connection has room for some bytes
	}
	return waits(err)
}

// answer takes the server's answer, and not a byte of what follows.
func (w *wanted) answer() unix.Errno {
	var b [socks.AnswerSize]byte
	n, _, err := unix.Recvfrom(w.sock, b[:], unix.MSG_DONTWAIT|unix.MSG_PEEK)
	switch {
	case err != nil:
		return waits(err)
	case n == 0:
		return unix.ECONNREFUSED
	case n < len(b):
		return notYet
	}
	if n, _, err = unix.Recvfrom(w.sock, b[:], unix.MSG_DONTWAIT); err != nil || n != len(b) {
		return unix.ECONNREFUSED
	}
	switch socks.Answered(b) {
	case socks.Succeeded:
		return 0
	case socks.NotAllowed:
		return unix.EACCES
	case socks.Unreachable:
		return unix.EHOSTUNREACH
	}
	return unix.ECONNREFUSED
}

// waits tells a wait from a failure.
func waits(err error) unix.Errno {
	switch err {
	case nil:
		return 0
	case unix.EAGAIN, unix.EINTR:
		return notYet
	}
	return unix.ECONNREFUSED
}

// disconnect lets the caller connect the socket again (connect(2), AF_UNSPEC).
func (w *wanted) disconnect() {
	_ = attempt(w.sock, make([]byte, unix.SizeofSockaddrInet4, unix.SizeofSockaddrInet4+1))
}

// sockaddr returns an address as connect(2) takes it.
func sockaddr(to netip.AddrPort) []byte {
	if to.Addr().Is4() {
		out := binary.NativeEndian.AppendUint16(make([]byte, 0, unix.SizeofSockaddrInet4+1), unix.AF_INET)
		out = append(binary.BigEndian.AppendUint16(out, to.Port()), to.Addr().AsSlice()...)
		return append(out, make([]byte, 8)...)
	}
	out := binary.NativeEndian.AppendUint16(make([]byte, 0, unix.SizeofSockaddrInet6+1), unix.AF_INET6)
	out = append(binary.BigEndian.AppendUint16(out, to.Port()), 0, 0, 0, 0)
	return append(append(out, to.Addr().AsSlice()...), 0, 0, 0, 0)
}
