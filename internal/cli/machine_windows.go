package cli

import "github.com/lockstile/lockstile/internal/windows/setup"

// thisMachine returns the machine for setup.
func thisMachine(home string) (setup.System, bool) { return setup.Machine{Home: home}, true }

// tell sends a report to the process that asked for an administrator's rights.
func tell(name string, r setup.Report) error { return setup.Tell(name, r) }
