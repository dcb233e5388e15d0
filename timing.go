package lockstile

import (
	"os"
	"slices"
	"time"
)

// Timing is how long the parts of a start took: the medians of several starts, none of
// them released or recorded.
type Timing struct {
	Starts int         `json:"starts"`
	Phases []PhaseTime `json:"phases"`
	Steps  []StepTime  `json:"steps"` // of the confined processes, which run beside the phases
}

// PhaseTime is a phase of a start, as seen by the gate.
type PhaseTime struct {
	Phase string        `json:"phase"`
	At    time.Duration `json:"at_ns"` // the end of the phase, from the beginning of the start
}

// StepTime is a call of a start, and how long the call took. The time of a call that
// waits includes the wait.
type StepTime struct {
	Step
	Took time.Duration `json:"took_ns"`
}

// The ends of the phases.
const (
	phaseMachine  = "the machine is known; the namespaces are begun beside"
	phaseDecided  = "the folders are looked at, and the start is planned"
	phasePlaced   = "the processes know the plan"
	phaseGiven    = "the processes know the command"
	phaseNoted    = "what is taken back is noted"
	phaseMeasured = "the processes are measured"
	phaseProven   = "all is compared"
)

// phases notes the end of each phase of a start. A nil phases notes nothing.
type phases struct {
	begun time.Time
	ended []PhaseTime
}

func (p *phases) end(phase string) {
	if p != nil {
		p.ended = append(p.ended, PhaseTime{phase, time.Since(p.begun)})
	}
}

// mostTimed is how many starts a timing takes.
const mostTimed = 101

// Time makes the processes of as many starts of r, measures the times, and ends the
// processes before the command runs. Time records nothing and does not use the request's
// streams. Every error is the *refusal.Error that Start would return.
func (g *Gate) Time(r Request, starts int) (*Timing, error) {
	g, err := Open(g.named) // a new gate, to let the launcher take times
	if err != nil {
		return nil, err
	}
	defer g.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, asRefusal(err)
	}
	defer null.Close()
	if r.Terminal == nil {
		r.Stdin, r.Stdout, r.Stderr = null, null, null
	}
	g.launcher.TakeTimes()
	t := &Timing{Starts: min(max(starts, 1), mostTimed)}
	var phasesOf [][]PhaseTime
	var stepsOf [][]StepTime
	for range t.Starts {
		g.phases = &phases{begun: time.Now()}
		c, err := g.confine(r)
		if err != nil {
			return nil, asRefusal(err)
		}
		phasesOf, stepsOf = append(phasesOf, g.phases.ended), append(stepsOf, timesOf(c.systemLaunch))
		c.Kill()
		if err := c.note.Done(); err != nil {
			return nil, asRefusal(err)
		}
	}
	t.Phases = medians(phasesOf, func(p *PhaseTime) *time.Duration { return &p.At })
	t.Steps = medians(stepsOf, func(s *StepTime) *time.Duration { return &s.Took })
	return t, nil
}

func timesOf(l *systemLaunch) []StepTime {
	var out []StepTime
	for _, s := range l.Times() {
		out = append(out, StepTime{Step(s.Step), s.Took})
	}
	return out
}

// medians returns the first of several rounds with the median of each time, over the
// rounds of equal length.
func medians[T any](rounds [][]T, timeOf func(*T) *time.Duration) []T {
	out := slices.Clone(rounds[0])
	for i := range out {
		var all []time.Duration
		for _, round := range rounds {
			if len(round) == len(out) {
				all = append(all, *timeOf(&round[i]))
			}
		}
		slices.Sort(all)
		*timeOf(&out[i]) = all[len(all)/2]
	}
	return out
}
