package gate

import (
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/policy"
)

// intent is all that is decided of a start before anything is made: one for the
// start and for its explanation, so that they can't differ.
type intent struct {
	policy  policy.Policy
	facts   host.Facts
	private string // the workspace's own temporary folders
	plan    *plan.Plan
	command launch.Command
}

func intend(home string, r Request) (*intent, error) {
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	p := r.Policy
	p.Home = home
	env, _ := p.Env.Apply(r.Env)
	facts, err := host.Read(lookup(env, "TMPDIR"))
	if err != nil {
		return nil, err
	}
	if facts.Protected, err = protectedPaths(p); err != nil {
		return nil, err
	}
	private := privatePath(home, p)
	planned, err := plan.Compile(p, facts, private)
	if err != nil {
		return nil, err
	}
	dir := r.Dir
	if dir == "" {
		dir = p.Workspace
	}
	command := launch.Command{Paths: candidates(r.Argv[0], dir, env), Argv: r.Argv, Env: env, Dir: dir, Terminal: r.Terminal}
	return &intent{p, facts, private, planned, command}, nil
}
