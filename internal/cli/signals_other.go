//go:build !linux && !windows

package cli

import (
	"syscall"

	"github.com/lockstile/lockstile"
)

// signals are not passed on here: nothing starts yet.
type signals struct{}

func catchSignals() signals { return signals{} }

func (signals) await(loaded <-chan configuration) (configuration, syscall.Signal) {
	return <-loaded, 0
}

func (signals) passTo(*lockstile.Child) (stop func()) { return func() {} }
