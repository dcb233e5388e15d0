//go:build linux

package measure

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/attest"
)

// Servers measures the listener for servers by name and the name server's socket, -1 for none:
// cookie names the command's network namespace, as the kernel says of another socket there.
func (p Process) Servers(e *attest.Evidence, listener, names int, cookie uint64) {
	if listener < 0 {
		e.Set("servers.listener", "none", nil)
		return
	}
	at, where, err := whereIs(listener, cookie)
	e.Set("servers.listener", where, err)
	if err != nil {
		return
	}
	ours := map[string]bool{"tcp " + at + " " + listens: false}
	e.Set("servers.names", "none", nil)
	if names >= 0 {
		at, where, err := whereIs(names, cookie)
		e.Set("servers.names", where, err)
		ours["udp "+at+" "+unconnected] = false
	}
	sockets, err := p.sockets()
	others := 0
	for _, s := range sockets {
		if _, known := ours[s]; known {
			ours[s] = true
		} else {
			others++
		}
	}
	e.Set("servers.other sockets", strconv.Itoa(others), err)
	listed := "yes"
	for _, there := range ours {
		if !there {
			listed = "no"
		}
	}
	e.Set("servers.listed", listed, err)
}

// whereIs says where a socket waits for others, and how proc_pid_net(5) writes its address.
func whereIs(socket int, cookie uint64) (at, where string, err error) {
	own, err := ownCookie()
	if err != nil {
		return "", "", err
	}
	of, err := unix.GetsockoptUint64(socket, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return "", "", err
	}
	name, err := unix.Getsockname(socket)
	if err != nil {
		return "", "", err
	}
	in, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return "", "it is of another family", nil
	}
	at = fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(in.Addr[:]), in.Port)
	switch {
	case in.Addr[0] != 127:
		return at, "not on a loopback address", nil
	case of != cookie || of == own:
		return at, "on the loopback of another network namespace", nil
	}
	return at, "on the loopback of the command's network namespace", nil
}

func ownCookie() (uint64, error) {
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(s)
	return unix.GetsockoptUint64(s, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
}

// The states of sockets (net/tcp_states.h).
const (
	listens     = "0A"
	unconnected = "07" // of a datagram socket
)

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
