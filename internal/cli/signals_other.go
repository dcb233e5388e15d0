//go:build !linux && !windows

package cli

import "github.com/lockstile/lockstile"

// signals passes nothing on: lockstile starts no command on other systems yet.
type signals struct{}

func newSignals() signals { return signals{} }

func (signals) catch(bool) {}

func (signals) passTo(*lockstile.Child) (stop func()) { return func() {} }
