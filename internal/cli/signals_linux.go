//go:build linux

package cli

import (
	"os"
	"syscall"

	"github.com/lockstile/lockstile"
)

// passed are the signals that are passed on to the command.
var passed = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}

// passedInTerminal are further signals that would otherwise end a Go program at once,
// without restoring the terminal. A signal from a fault of our own is not caught
// (os/signal).
var passedInTerminal = []os.Signal{
	syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGSEGV, syscall.SIGSTKFLT, syscall.SIGSYS, syscall.SIGTRAP,
}

// toldByTerminal reports whether the command's terminal announces its new size itself.
func toldByTerminal(s os.Signal, child *lockstile.Child) bool {
	return s == syscall.SIGWINCH && child.Terminal != nil
}
