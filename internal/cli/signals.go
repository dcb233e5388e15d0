//go:build linux || windows

package cli

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/lockstile/lockstile"
)

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

// await waits for the configuration, or for a signal that ends us before there is a
// command: it may be read from a file system that doesn't answer.
func (c signals) await(loaded <-chan configuration) (l configuration, by syscall.Signal) {
	for {
		select {
		case l := <-loaded:
			return l, 0
		case s := <-c:
			switch s {
			case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT:
				return l, s.(syscall.Signal)
			}
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
