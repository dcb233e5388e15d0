//go:build !windows

package lockstile

import "github.com/lockstile/lockstile/policy"

// doctorSetup finds nothing: only Windows is set up.
func doctorSetup(string, policy.Policy) []Finding { return nil }
