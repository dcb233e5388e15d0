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

// signals holds signals that have arrived and are not passed on yet.
type signals chan os.Signal

func newSignals() signals { return make(signals, 16) }

// catch begins to catch signals. Each caught kind costs two changes of threads, and
// therefore catch limits the kinds.
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
					_ = child.Signal(s.(syscall.Signal)) // Wait sees the command's end
				}
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}
