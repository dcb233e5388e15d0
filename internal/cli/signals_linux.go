//go:build linux

package cli

import (
	"os"
	"syscall"

	"github.com/lockstile/lockstile"
)

// passed are the signals that the command gets in our place.
var passed = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}

// passedInTerminal are those that would otherwise end a Go program on the spot, with the
// terminal left as it is; faults of our own are none of them (os/signal).
var passedInTerminal = []os.Signal{
	syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGSEGV, syscall.SIGSTKFLT, syscall.SIGSYS, syscall.SIGTRAP,
}

// toldByTerminal: where the command has a terminal, that one tells it of a new size.
func toldByTerminal(s os.Signal, child *lockstile.Child) bool {
	return s == syscall.SIGWINCH && child.Terminal != nil
}
