//go:build !linux && !windows

package cli

import "github.com/lockstile/lockstile"

// signals are not passed on here: nothing starts yet.
type signals struct{}

func newSignals() signals { return signals{} }

func (signals) catch(bool) {}

func (signals) passTo(*lockstile.Child) (stop func()) { return func() {} }
