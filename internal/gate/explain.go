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
	Plan     *plan.Plan           `json:"plan"`
	Steps    []launch.Step        `json:"steps"`
	Expected []attest.Expectation `json:"expected"`
	Log      string               `json:"log"`
	Paths    []string             `json:"paths"` // the files that are tried as the command, in order
}

// Explain says how Start would start a request, and starts, makes and records
// nothing. Every error is a *refusal.Error, that of Start.
func Explain(home string, r Request) (*Explanation, error) {
	out, err := explain(home, r)
	if err != nil {
		return nil, asRefusal(err)
	}
	return out, nil
}

func explain(home string, r Request) (*Explanation, error) {
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	r.Policy.Home = home
	env, _ := r.Policy.Env.Apply(r.Env)
	facts, err := host.Read(lookup(env, "TMPDIR"))
	if err != nil {
		return nil, err
	}
	if facts.Protected, err = protectedPaths(r.Policy); err != nil {
		return nil, err
	}
	private := privatePath(home, r.Policy)
	p, err := plan.Compile(r.Policy, facts, private)
	if err != nil {
		return nil, err
	}
	machine, err := readMachine(r.Policy, facts, private)
	if err != nil {
		return nil, err
	}
	machine.Terminal = r.Terminal != nil
	paths := candidates(r.Argv[0], r.Policy.Workspace, env)
	steps, err := launch.Describe(p, launch.Command{Paths: paths, Argv: r.Argv, Env: env, Terminal: r.Terminal})
	if err != nil {
		return nil, err
	}
	return &Explanation{
		Mode: r.Policy.Mode.String(), Plan: p, Steps: steps, Expected: attest.Expect(r.Policy, machine),
		Log: filepath.Join(home, audit.LogName), Paths: paths,
	}, nil
}
