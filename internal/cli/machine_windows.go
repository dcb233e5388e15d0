package cli

import "github.com/lockstile/lockstile/internal/setup"

// thisMachine is what setup works on.
func thisMachine(home string) (setup.System, bool) { return setup.Machine{Home: home}, true }
