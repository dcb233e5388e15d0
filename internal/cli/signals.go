//go:build linux || windows

package cli

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/ignored"
)

// signals holds what arrived and is not passed on yet.
type signals chan os.Signal

func newSignals() signals { return make(signals, 16) }

// catch has them come from here on. Each takes two changes of threads, so no more than
// are needed.
func (c signals) catch(inTerminal bool) {
	wanted := passed
	if inTerminal {
		wanted = slices.Concat(passed, passedInTerminal)
	}
	for _, s := range wanted {
		if !ignored.AtStart().Has(s.(syscall.Signal)) { // nohup stays in force
			signal.Notify(c, s)
		}
	}
}

// passTo passes signals on until stop is called.
func (c signals) passTo(child *lockstile.Child) (stop func()) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-c:
				if !toldByTerminal(s, child) {
					_ = child.Signal(s.(syscall.Signal)) // its end is seen by Wait
				}
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
