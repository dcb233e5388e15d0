//go:build linux

package launch

import (
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/tape"
	"github.com/lockstile/lockstile/refusal"
)

// Describe lists the calls of a start without making it.
func Describe(p *plan.Plan, c Command) ([]Step, error) {
	t, err := tape.New(nil)
	if err != nil {
		return nil, err
	}
	defer t.Free() // our own mapping: can't fail
	w := &writer{Tape: t, plan: p, cmd: c}
	w.who(whoBoth)
	w.foundation()
	w.standing()
	w.rest(0)
	if err := w.Err(); err != nil {
		return nil, err
	}
	var steps []Step
	if flags := w.cloneFlags(); flags != 0 {
		for _, n := range p.Namespaces {
			if flags&namespaceFlags[n] != 0 {
				steps = append(steps, Step{"both", n, "clone3"})
			}
		}
	}
	for i, line := range w.Lines() {
		for len(w.parts) > 1 && w.parts[1].from <= i {
			w.parts = w.parts[1:]
		}
		steps = append(steps, Step{w.parts[0].who, refusal.Restriction(line.Label), line.Name})
	}
	return steps, nil
}
