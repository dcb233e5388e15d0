// Package ignored remembers which signals this process was started to ignore: SIGHUP
// under nohup, SIGINT and SIGQUIT in the background of a script. A program that is told
// to ignore them must go on doing so, and hand that on to a command that it stands for.
//
// The Go runtime takes every signal but SIGHUP and SIGINT for itself at the start, and
// keeps to itself what was there before. SIGQUIT is taken to be as SIGINT is: a shell
// ignores both for what it starts with &, and neither elsewhere.
//
// It must never have a signal ignored that was not at the start.
package ignored

import (
	"os/signal"
	"syscall"
)

// Set is a set of signals: bit n-1 is signal n, as in /proc/PID/status.
type Set uint64

// Has tells whether s is in the set.
func (set Set) Has(s syscall.Signal) bool { return set>>(s-1)&1 != 0 }

const last = syscall.Signal(64)

var (
	atStart = original()
	handed  Set
)

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

// AtStart are the signals that were ignored when this process was started.
func AtStart() Set { return atStart }

// Now are the signals that this process ignores, by its caller's will or by its own, as far
// as package os/signal knows of them.
func Now() (set Set) {
	for s := syscall.Signal(1); s <= last; s++ {
		if signal.Ignored(s) {
			set |= 1 << (s - 1)
		}
	}
	return set
}

// Keep has this process go on ignoring what it was started to ignore.
func Keep() {
	if atStart.Has(syscall.SIGQUIT) {
		signal.Ignore(syscall.SIGQUIT) // the others are ignored still
	}
}

// HandOn has commands on pipes ignore the same. Whoever calls it stands for one command,
// and calls it before the start.
func HandOn() { handed = atStart }

// Handed are the signals that a command on pipes is to ignore.
func Handed() Set { return handed }
