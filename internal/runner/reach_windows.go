package runner

import (
	"golang.org/x/sys/windows"
)

// reach tries to connect to this machine, as a command of this account would: the
// filters on the account don't ask for its token.
func reach() string {
	var data windows.WSAData
	if err := windows.WSAStartup(0x202, &data); err != nil {
		return err.Error()
	}
	defer windows.WSACleanup()
	s, err := windows.Socket(windows.AF_INET, windows.SOCK_STREAM, windows.IPPROTO_TCP)
	if err != nil {
		return err.Error()
	}
	defer windows.Closesocket(s)
	const discard = 9 // nobody listens there as a rule, and it does no harm where somebody does
	switch err := windows.Connect(s, &windows.SockaddrInet4{Port: discard, Addr: [4]byte{127, 0, 0, 1}}); err {
	case nil, windows.WSAECONNREFUSED:
		return NotFiltered
	case windows.WSAEACCES:
		return Filtered
	default:
		return err.Error()
	}
}
