package cli

import (
	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/obstacle"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/policy"
)

// tailOf returns the tail for a command's messages, nil for a command that nothing
// confines.
func tailOf(p policy.Policy) *pty.Tail {
	if p.Mode == policy.ModeDangerFullAccess {
		return nil
	}
	return &pty.Tail{}
}

// obstacles explains where the sandbox stood in the way of a command that failed.
func obstacles(f runFlags, p policy.Policy, child *lockstile.Child, exit lockstile.Exit, tail *pty.Tail) []obstacle.Obstacle {
	seen := obstacle.Seen{Policy: p, Failed: exit.Status() != 0, Status: exit.Status(), Argv: f.argv, Try: f.Try, Exceeded: child.Exceeded(), BadCall: obstacle.BadCall(exit.Signal)}
	for _, d := range child.Denied() {
		seen.TakenBack = append(seen.TakenBack, d.Path)
	}
	if seen.Failed {
		seen.Output = tail.Text()
	}
	return obstacle.Find(seen)
}

// mostSaid is the most obstacles in text for people; --json has all of them.
const mostSaid = 3

// sayObstacles prints each obstacle on a line, except names taken back, which have lines
// of their own.
func sayObstacles(all []obstacle.Obstacle) {
	said := 0
	for _, o := range all {
		if o.Kind == obstacle.Observed && o.What != "" && o.Setting == "" {
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
