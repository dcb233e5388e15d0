//go:build unix

package launch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName gives a signal as SIGNAME, which does not depend on a language.
func SignalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return s.String()
}
