//go:build !unix

package tool

import "github.com/lockstile/lockstile"

// badCall is always false: no signal tells.
func badCall(lockstile.Exit) bool { return false }
