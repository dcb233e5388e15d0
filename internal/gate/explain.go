package gate

import (
	"path/filepath"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
)

// Explanation is a start as it would happen.
type Explanation struct {
	Mode     string               `json:"mode"`
	Policy   string               `json:"policy"` // its digest, as the start line has it
	Dir      string               `json:"dir"`    // where the command begins
	Plan     *plan.Plan           `json:"plan"`
	Steps    []launch.Step        `json:"steps"`
	Expected []attest.Expectation `json:"expected"`
	Log      string               `json:"log"`
	Paths    []string             `json:"paths"` // the files that are tried as the command, in order
}

// Explain says how Start would start a request, and starts, makes and records
// nothing. Every error is a *refusal.Error, that of Start.
func Explain(home string, r Request) (*Explanation, error) {
	own, _ := locate(home) // it need not be there yet
	out, err := explain(own, r)
	if err != nil {
		return nil, asRefusal(err)
	}
	return out, nil
}

func explain(home ownHome, r Request) (*Explanation, error) {
	intended, err := intend(home, r, host.Lacks{}, nil)
	if err != nil {
		return nil, err
	}
	machine, err := readMachine(intended)
	if err != nil {
		return nil, err
	}
	steps, err := launch.Describe(intended.plan, intended.command)
	if err != nil {
		return nil, err
	}
	return &Explanation{
		Mode: intended.policy.Mode.String(), Policy: intended.policy.Digest(), Dir: intended.command.Dir, Plan: intended.plan, Steps: steps, Expected: attest.Expect(intended.policy, machine),
		Log: filepath.Join(home.real, audit.LogName), Paths: intended.command.Paths,
	}, nil
}
