package cli

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// dialLoopback connects to a port of the loopback. Package net would slow down every start.
func dialLoopback(to netip.AddrPort) (*os.File, error) {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(s, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		unix.Close(s)
		return nil, os.NewSyscallError("connect", err)
	}
	return os.NewFile(uintptr(s), "server"), nil
}

// endWriting passes the end of the input on.
func endWriting(server *os.File) { _ = unix.Shutdown(int(server.Fd()), unix.SHUT_WR) } // a server that is gone is as good
