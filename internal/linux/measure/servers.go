//go:build linux

package measure

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/attest"
)

// Servers measures the listener for servers by name, -1 for none: cookie names the command's
// network namespace, as the kernel says of another socket there. Servers comes before the
// command's trials.
func (p Process) Servers(e *attest.Evidence, listener int, cookie uint64) {
	if listener < 0 {
		e.Set("servers.listener", "none", nil)
		return
	}
	port, where, err := whereListens(listener, cookie)
	e.Set("servers.listener", where, err)
	if err != nil {
		return
	}
	sockets, err := p.sockets()
	e.Set("servers.sockets", strconv.Itoa(len(sockets)), err)
	listed := "no"
	for _, s := range sockets {
		if s == fmt.Sprintf("tcp 0100007F:%04X %s", port, listens) { // as proc_net(5) writes a listener on 127.0.0.1
			listed = "yes"
		}
	}
	e.Set("servers.listed", listed, err)
}

// whereListens says where a socket listens.
func whereListens(listener int, cookie uint64) (port int, where string, err error) {
	own, err := ownCookie()
	if err != nil {
		return 0, "", err
	}
	of, err := unix.GetsockoptUint64(listener, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return 0, "", err
	}
	listens, err := unix.GetsockoptInt(listener, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return 0, "", err
	}
	name, err := unix.Getsockname(listener)
	if err != nil {
		return 0, "", err
	}
	at, ok := name.(*unix.SockaddrInet4)
	switch {
	case !ok || listens != 1:
		return 0, "it does not listen for TCP", nil
	case at.Addr != [4]byte{127, 0, 0, 1}:
		return at.Port, "on another address than 127.0.0.1", nil
	case of != cookie || of == own:
		return at.Port, "on 127.0.0.1 in another network namespace", nil
	}
	return at.Port, "on 127.0.0.1 in the command's network namespace", nil
}

func ownCookie() (uint64, error) {
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(s)
	return unix.GetsockoptUint64(s, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
}

// listens is the state of a listener (net/tcp_states.h).
const listens = "0A"

// sockets lists the internet sockets in a process's network namespace to which others can
// send, as "tcp LOCAL STATE" (proc_pid_net(5)): listeners, and sockets without connections.
// The connections of trials come and go meanwhile.
func (p Process) sockets() (out []string, err error) {
	for _, protocol := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "raw6"} {
		text, err := read("/proc/" + strconv.Itoa(p.PID) + "/net/" + protocol)
		if err != nil {
			if strings.HasSuffix(protocol, "6") { // a kernel without IPv6
				continue
			}
			return nil, err
		}
		for line := range strings.Lines(text) {
			f := strings.Fields(line)
			if len(f) > 3 && f[0] != "sl" && (f[3] == listens || !strings.HasPrefix(protocol, "tcp")) {
				out = append(out, protocol+" "+f[1]+" "+f[3])
			}
		}
	}
	return out, nil
}

// Reached reports whether a connection has come to a listener for servers by name, and takes
// the connections.
func Reached(e *attest.Evidence, listener int) {
	if listener < 0 {
		return
	}
	reached := "no"
	err := unix.SetNonblock(listener, true)
	for err == nil {
		var c int
		if c, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC); err == nil {
			unix.Close(c)
			reached = "yes"
		}
	}
	if err == unix.EAGAIN {
		err = nil
	}
	e.Set("servers.reached", reached, err)
}
