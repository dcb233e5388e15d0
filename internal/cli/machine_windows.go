package cli

import "github.com/lockstile/lockstile/internal/windows/setup"

// thisMachine is what setup works on.
func thisMachine(home string) (setup.System, bool) { return setup.Machine{Home: home}, true }

// tell gives a report to the process that had this one elevated.
func tell(name string, r setup.Report) error { return setup.Tell(name, r) }
