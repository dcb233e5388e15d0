package cli

import (
	"slices"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/policy"
)

// excerptOf returns the excerpt for a command's messages, nil for a command that nothing
// confines.
func excerptOf(p policy.Policy) *pty.Excerpt {
	if p.Mode == policy.ModeDangerFullAccess {
		return nil
	}
	return &pty.Excerpt{}
}

// mostSaid is the most obstacles in text for people; --json has all of them.
const mostSaid = 3

// sayObstacles prints each obstacle on a line, except names taken back, which have lines
// of their own.
func sayObstacles(child *lockstile.Child) {
	said := 0
	for _, o := range child.Obstacles() {
		if slices.ContainsFunc(child.Denied(), func(d lockstile.Denied) bool { return d.Path == o.What }) {
			continue
		}
		if said++; said > mostSaid {
			return
		}
		if o.Setting != "" {
			plain.Err("lockstile: %s: %s would allow it\n", o.Cause, o.Flag())
		} else {
			plain.Err("lockstile: %s: %s\n", o.Cause, o.Instead)
		}
	}
}
