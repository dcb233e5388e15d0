//go:build linux

package launcher

import (
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// Describe lists the calls of a start without making the start.
func Describe(p *plan.Plan, c launch.Command) ([]launch.Step, error) {
	t, err := tape.New(nil)
	if err != nil {
		return nil, err
	}
	defer t.Free() // our own mapping: can't fail
	w := &writer{Tape: t, plan: p, cmd: c}
	w.namespaces()
	w.foundation()
	w.standing()
	w.rest(0)
	if err := w.Err(); err != nil {
		return nil, err
	}
	var steps []launch.Step
	if flags := w.cloneFlags(); flags != 0 {
		for _, n := range p.Namespaces {
			if flags&namespaceFlags[n] != 0 {
				steps = append(steps, launch.Step{Process: whoBoth, Restriction: n, Call: "clone3"})
			}
		}
	}
	if p.Loopback != "" {
		steps = append([]launch.Step{{Process: whoBoth, Restriction: refusal.NetworkNamespace, Call: "setns to the client's user and network namespace"}}, steps...)
	}
	return append(steps, stepsOf(t, w.parts)...), nil
}

// stepsOf returns each op of a tape with its process.
func stepsOf(t *tape.Tape, parts []part) []launch.Step {
	var steps []launch.Step
	for i, line := range t.Lines() {
		for len(parts) > 1 && parts[1].from <= i {
			parts = parts[1:]
		}
		steps = append(steps, launch.Step{Process: parts[0].who, Restriction: refusal.Restriction(line.Label), Call: line.Name})
	}
	return steps
}
