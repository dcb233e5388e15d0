// Package ignored knows which signals the caller of this process had ignored at the start:
// SIGHUP under nohup, SIGINT and SIGQUIT in the background of a script. An ignored signal
// stays ignored, for the process and for a command in place of the process.
//
// The Go runtime catches every signal but SIGHUP and SIGINT at the start, and hides the
// earlier disposition. SIGQUIT counts as SIGINT does: a shell ignores both for a command
// with &, and neither elsewhere.
//
// The package must never ignore a signal that the caller did not ignore.
package ignored

import (
	"os/signal"
	"syscall"
)

// Set is a set of signals: bit n-1 is signal n, as in /proc/PID/status.
type Set uint64

// Has reports whether s is in the set.
func (set Set) Has(s syscall.Signal) bool { return set>>(s-1)&1 != 0 }

const last = syscall.Signal(64)

var atStart = original()

func original() (set Set) {
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(s) {
			set |= 1 << (s - 1)
		}
	}
	if set.Has(syscall.SIGINT) {
		set |= 1 << (syscall.SIGQUIT - 1)
	}
	return set
}

// AtStart returns the signals ignored at the start of the process.
func AtStart() Set { return atStart }

// Now returns the signals that the process ignores, as far as package os/signal knows.
func Now() (set Set) {
	for s := syscall.Signal(1); s <= last; s++ {
		if signal.Ignored(s) {
			set |= 1 << (s - 1)
		}
	}
	return set
}

// Of returns the set of some signals.
func Of(signals []syscall.Signal) (set Set) {
	for _, s := range signals {
		if s >= 1 && s <= last {
			set |= 1 << (s - 1)
		}
	}
	return set
}

// Signals lists the set.
func (set Set) Signals() (out []syscall.Signal) {
	for s := syscall.Signal(1); s <= last; s++ {
		if set.Has(s) {
			out = append(out, s)
		}
	}
	return out
}

// Keep makes the process go on ignoring SIGQUIT. The Go runtime leaves the other two alone.
func Keep() {
	if atStart.Has(syscall.SIGQUIT) {
		signal.Ignore(syscall.SIGQUIT)
	}
}
