package cli

import (
	"github.com/lockstile/lockstile/internal/grant"
	"github.com/lockstile/lockstile/internal/setup"
)

// thisMachine is what setup works on.
func thisMachine(home string) (setup.System, bool) { return setup.Machine{Home: home}, true }

// removeGrants takes away what starts added to access lists.
func removeGrants(home string) error {
	return grant.Remove(grant.Machine{}, grant.NewJournal(home), grant.Gone)
}
