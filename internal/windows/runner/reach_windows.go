package runner

import (
	"golang.org/x/sys/windows"
)

// discard is a port with no listener as a rule, and with a harmless listener otherwise
// (RFC 863).
const discard = 9

// network tries, on the local machine, the network calls that a command of the account
// could make anywhere: the account's filters ask neither for a token nor for an address.
func network() map[string]string {
	var data windows.WSAData
	if err := windows.WSAStartup(0x202, &data); err != nil {
		return map[string]string{"sockets": err.Error()}
	}
	defer windows.WSACleanup()
	four := &windows.SockaddrInet4{Port: discard, Addr: [4]byte{127, 0, 0, 1}}
	six := &windows.SockaddrInet6{Port: discard, Addr: [16]byte{15: 1}}
	out := map[string]string{}
	for name, t := range map[string]struct {
		family, kind int
		try          func(windows.Handle) error
	}{
		"tcp4":    {windows.AF_INET, windows.SOCK_STREAM, func(s windows.Handle) error { return windows.Connect(s, four) }},
		"tcp6":    {windows.AF_INET6, windows.SOCK_STREAM, func(s windows.Handle) error { return windows.Connect(s, six) }},
		"udp4":    {windows.AF_INET, windows.SOCK_DGRAM, func(s windows.Handle) error { return windows.Sendto(s, []byte{0}, 0, four) }},
		"udp6":    {windows.AF_INET6, windows.SOCK_DGRAM, func(s windows.Handle) error { return windows.Sendto(s, []byte{0}, 0, six) }},
		"listen4": {windows.AF_INET, windows.SOCK_STREAM, func(s windows.Handle) error { return listenAt(s, &windows.SockaddrInet4{Addr: four.Addr}) }},
		"listen6": {windows.AF_INET6, windows.SOCK_STREAM, func(s windows.Handle) error { return listenAt(s, &windows.SockaddrInet6{Addr: six.Addr}) }},
	} {
		out[name] = outcome(t.family, t.kind, t.try)
	}
	return out
}

func listenAt(s windows.Handle, at windows.Sockaddr) error {
	if err := windows.Bind(s, at); err != nil {
		return err
	}
	return windows.Listen(s, 1)
}

func outcome(family, kind int, try func(windows.Handle) error) string {
	s, err := windows.Socket(family, kind, 0)
	if err == nil {
		defer windows.Closesocket(s)
		err = try(s)
	}
	switch err {
	case nil, windows.WSAECONNREFUSED:
		return NotFiltered
	case windows.WSAEACCES:
		return Filtered
	case windows.WSAEAFNOSUPPORT, windows.WSAEADDRNOTAVAIL, windows.WSAENETUNREACH:
		return NoNetwork
	default:
		return err.Error()
	}
}
