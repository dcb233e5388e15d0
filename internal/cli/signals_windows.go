package cli

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/lockstile/lockstile"
)

// signals holds what arrived and is not passed on yet.
type signals chan os.Signal

// catchSignals: ^C and ^Break are one to package os/signal, and SIGTERM stands for a
// console that closes and a user who leaves.
func catchSignals() signals {
	c := make(signals, 16)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return c
}

// passTo passes signals on until stop is called.
func (c signals) passTo(child *lockstile.Child) (stop func()) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-c:
				_ = child.Signal(s.(syscall.Signal)) // its end is seen by Wait
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
