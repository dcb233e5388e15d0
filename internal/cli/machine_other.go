//go:build !windows

package cli

import "github.com/lockstile/lockstile/internal/setup"

// thisMachine: only Windows is set up.
func thisMachine(string) (setup.System, bool) { return nil, false }
