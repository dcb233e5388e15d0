package lockstile

import (
	"encoding/json"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/refusal"
)

// Explanation is a start as it would happen.
type Explanation struct {
	Mode     string          `json:"mode"`
	Policy   string          `json:"policy"` // its digest, as the start line has it
	Dir      string          `json:"dir"`    // where the command begins
	Plan     json.RawMessage `json:"plan"`   // for people to read; its form may change with each version
	Steps    []Step          `json:"steps"`
	Expected []Expectation   `json:"expected"`
	Log      string          `json:"log"`
	Paths    []string        `json:"paths"` // the files that are tried as the command, in order
}

// Step is one call of a start.
type Step struct {
	Process     string              `json:"process"` // "both" before the fork, then "init" or "command"
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Call        string              `json:"call"`
}

// Expectation is one fact that must be seen before the command is released.
type Expectation struct {
	Restriction refusal.Restriction `json:"restriction"` // what does not hold where the fact is another
	Fact        string              `json:"fact"`
	Want        string              `json:"want"`
	Or          string              `json:"or,omitempty"`  // another value that will do; "" for none
	Not         bool                `json:"not,omitempty"` // the fact must be anything but Want
}

// Records returns the last n lines of the log, the oldest first, as docs/log.md has them.
// Where no gate has kept a log in this folder yet, the error is fs.ErrNotExist.
func (g *Gate) Records(n int) ([]json.RawMessage, error) {
	return audit.Tail(filepath.Join(g.named, audit.LogName), n)
}

// Explain says how Start would start a request, and starts, makes and records
// nothing. Every error is a *refusal.Error, that of Start.
func (g *Gate) Explain(r Request) (*Explanation, error) {
	own, _ := locate(g.named) // it need not be there yet
	out, err := explain(own, r)
	if err != nil {
		return nil, asRefusal(err)
	}
	return out, nil
}

func explain(home ownHome, r Request) (*Explanation, error) {
	intended, err := planStart(home, r, host.Missing{}, nil)
	if err != nil {
		return nil, err
	}
	machine, err := readMachine(intended)
	if err != nil {
		return nil, err
	}
	steps, err := describe(intended.plan, intended.command)
	if err != nil {
		return nil, err
	}
	x := &Explanation{
		Mode: intended.policy.Mode.String(), Policy: intended.policy.Digest(), Dir: intended.command.Dir, Plan: json.RawMessage(intended.plan.String()),
		Log: filepath.Join(home.real, audit.LogName), Paths: intended.command.Paths,
	}
	for _, s := range steps {
		x.Steps = append(x.Steps, Step(s))
	}
	for _, e := range attest.Expect(intended.policy, machine) {
		x.Expected = append(x.Expected, Expectation{e.Restriction, string(e.Fact), e.Want, e.Or, e.Not})
	}
	return x, nil
}
