//go:build unix

package tool

import (
	"syscall"

	"github.com/lockstile/lockstile"
)

// badCall reports whether a forbidden system call ended a command.
func badCall(exit lockstile.Exit) bool { return exit.Signal == syscall.SIGSYS }
