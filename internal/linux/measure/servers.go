//go:build linux

package measure

import (
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
	where, err := whereIs(listener, cookie)
	e.Set("servers.listener", where, err)
	e.Set("servers.names", "none", nil)
	if names >= 0 {
		where, err := whereIs(names, cookie)
		e.Set("servers.names", where, err)
	}
}

// whereIs says where a socket waits for others.
func whereIs(socket int, cookie uint64) (string, error) {
	own, err := ownCookie()
	if err != nil {
		return "", err
	}
	of, err := unix.GetsockoptUint64(socket, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return "", err
	}
	name, err := unix.Getsockname(socket)
	if err != nil {
		return "", err
	}
	in, ok := name.(*unix.SockaddrInet4)
	switch {
	case !ok:
		return "it is of another family", nil
	case in.Addr[0] != 127:
		return "not on a loopback address", nil
	case of != cookie || of == own:
		return "on the loopback of another network namespace", nil
	}
	return "on the loopback of the command's network namespace", nil
}

func ownCookie() (uint64, error) {
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(s)
	return unix.GetsockoptUint64(s, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
}

// Sockets counts the internet sockets in the network namespace of a process (proc_pid_net(5),
// sockstat), before its trials. Lists of them take the kernel milliseconds: it looks at the
// sockets of all namespaces.
func Sockets(pid int) (string, error) {
	count := map[string]int{}
	for _, file := range []string{"sockstat", "sockstat6"} {
		text, err := read("/proc/" + strconv.Itoa(pid) + "/net/" + file)
		if err != nil {
			if file == "sockstat6" { // a kernel without IPv6
				continue
			}
			return "", err
		}
		for line := range strings.Lines(text) {
			protocol, rest, _ := strings.Cut(line, ": inuse ")
			number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			if n, err := strconv.Atoi(number); err == nil && !strings.HasPrefix(protocol, "FRAG") {
				count[strings.TrimSuffix(protocol, "6")] += n
			}
		}
	}
	return fmt.Sprintf("TCP %d, UDP %d, other %d", count["TCP"], count["UDP"], count["UDPLITE"]+count["RAW"]), nil
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
