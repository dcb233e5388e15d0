package lockstile

import (
	"encoding/json"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/refusal"
)

// Explanation describes a start that has not happened.
type Explanation struct {
	Mode     string          `json:"mode"`
	Policy   string          `json:"policy"` // the policy's digest, as in the start line
	Dir      string          `json:"dir"`    // the working directory of the command
	Plan     json.RawMessage `json:"plan"`   // for people to read; the form may change with each version
	Steps    []Step          `json:"steps"`
	Expected []Expectation   `json:"expected"`
	Log      string          `json:"log"`
	Paths    []string        `json:"paths"`             // the files to try as the command, in order
	File     string          `json:"file,omitempty"`    // the file of Paths that would be executed
	NoFile   string          `json:"no_file,omitempty"` // without a File: the reason
}

// Step is a call of a start.
type Step struct {
	Process     string              `json:"process"` // "both" before the fork, then "init" or "command"
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Call        string              `json:"call"`
}

// Expectation is a fact that must be seen before the release of the command.
type Expectation struct {
	Restriction refusal.Restriction `json:"restriction"` // the restriction that does not hold otherwise
	Fact        string              `json:"fact"`
	Want        string              `json:"want"`
	Or          string              `json:"or,omitempty"`  // another accepted value; "" for none
	Not         bool                `json:"not,omitempty"` // the fact must differ from Want
}

// Records returns the last n lines of the log, the oldest first, in the form of
// docs/log.md. If no gate has kept a log in this folder yet, the error is fs.ErrNotExist.
func (g *Gate) Records(n int) ([]json.RawMessage, error) {
	return audit.Tail(filepath.Join(g.named, audit.LogName), n)
}

// Explain describes how Start would start a request. Explain starts, makes and records
// nothing. Every error is the *refusal.Error that Start would return.
func (g *Gate) Explain(r Request) (*Explanation, error) {
	own, _ := locate(g.named) // the folder need not exist yet
	out, err := explain(own, r)
	if err != nil {
		return nil, asRefusal(err)
	}
	return out, nil
}

func explain(home ownHome, r Request) (*Explanation, error) {
	intended, err := planStart(home, r, knowledge{}, nil)
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
	x.File, x.NoFile = intended.world(r.Env).File(x.Paths)
	for _, s := range steps {
		x.Steps = append(x.Steps, Step(s))
	}
	for _, e := range attest.Expect(intended.policy, machine) {
		x.Expected = append(x.Expected, Expectation{e.Restriction, string(e.Fact), e.Want, e.Or, e.Not})
	}
	return x, nil
}
