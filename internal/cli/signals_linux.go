//go:build linux

package cli

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/lockstile/lockstile"
)

// passed are the signals that the command gets in our place. The second line are
// those that would otherwise end a Go program on the spot, with the terminal left
// as it is; faults of our own are none of them (os/signal).
var passed = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
	syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGSEGV, syscall.SIGSTKFLT, syscall.SIGSYS, syscall.SIGTRAP,
}

// signals holds what arrived and is not passed on yet.
type signals chan os.Signal

func catchSignals() signals {
	c := make(signals, 16)
	for _, s := range passed {
		if !signal.Ignored(s) { // nohup stays in force
			signal.Notify(c, s)
		}
	}
	return c
}

// passTo passes signals on until stop is called. Where the command has a
// terminal, that one tells it of a new size.
func (c signals) passTo(child *lockstile.Child) (stop func()) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-c:
				if s == syscall.SIGWINCH && child.Terminal != nil {
					continue
				}
				_ = child.Signal(s.(syscall.Signal)) // its end is seen by Wait
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
