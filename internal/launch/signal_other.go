//go:build !unix

package launch

import "syscall"

// SignalName gives a signal as the system writes it.
func SignalName(s syscall.Signal) string { return s.String() }
