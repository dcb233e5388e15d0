package lockstile

import (
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/obstacle"
	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/policy"
)

// Explain is what the gate needs to explain, at a command's end, where the sandbox stood
// in the way. With the zero value the gate explains only what the gate itself saw, and
// proposes no setting.
type Explain struct {
	// Output returns the command's output, or the beginning and the end of it. The gate
	// calls Output once in Wait, when no process of the tree is left. nil: no output.
	Output func() string

	// Try returns the policy of the same request with more lines of config.toml
	// (KEY=VALUE), and with another mode unless mode is ModeUnset. The gate proposes a
	// setting only after a trial. nil: none is proposed.
	Try func(mode policy.Mode, lines ...string) (policy.Policy, error)
}

// Obstacle is a place where the sandbox stood in a command's way.
type Obstacle struct {
	Kind    string `json:"kind"`              // "observed" by the gate, or "inferred" from the output and the policy
	What    string `json:"what,omitempty"`    // the path, host or name
	Cause   string `json:"cause"`             // the restriction, in words
	Quote   string `json:"quote,omitempty"`   // the line of output
	Setting string `json:"setting,omitempty"` // a line of config.toml, or --sandbox MODE; "" for none
	Instead string `json:"instead,omitempty"` // without a setting: the reason, and the way on
	AtStart bool   `json:"-"`                 // a line of config.toml would not count: the command line or a profile decides about the key
}

// Flag returns the setting as arguments for a shell, "" without a setting.
func (o Obstacle) Flag() string { return obstacle.Obstacle(o).Flag() }

// Obstacles lists, after Wait, where the sandbox stood in the command's way. In
// danger-full-access nothing stands in the way.
func (c *Child) Obstacles() []Obstacle { return c.obstacles }

// explainer is the part of a start that explains the command's end.
type explainer struct {
	policy policy.Policy // in force
	dir    string
	argv   []string
	git    string // the git directory
	given  Explain
}

// explain finds the obstacles of an ended command. serversError says why no server could be
// reached.
func (e explainer) explain(c *Child, end launch.End, serversError string) []Obstacle {
	if e.policy.Mode == policy.ModeDangerFullAccess {
		return nil
	}
	seen := obstacle.Seen{
		Policy: e.policy, Dir: e.dir, Failed: c.exit.Status() != 0, Status: c.exit.Status(), Argv: e.argv, Try: e.given.Try,
		Leads: c.trusted.Leads, TakenBack: pathsOf(c.denied), Exceeded: c.exceeded, BadCall: obstacle.BadCall(c.exit.Signal), Refused: end.Refused, Git: e.gitContent(end.Git), Servers: c.deniedServers(), ServersError: serversError,
	}
	if e.given.Output != nil {
		seen.Output = e.given.Output()
	}
	var out []Obstacle
	for _, o := range obstacle.Find(seen) {
		out = append(out, Obstacle(o))
	}
	return out
}

// gitContent lists the content that the git directory's server refused. Other refusals are
// errors of a read-only file system, which the output names.
func (e explainer) gitContent(did *launch.Git) []obstacle.GitDenied {
	if did == nil {
		return nil
	}
	var out []obstacle.GitDenied
	for _, d := range did.Denied {
		if strings.Contains(d.Why, " ") {
			out = append(out, obstacle.GitDenied{Path: filepath.Join(e.git, d.Name), Why: d.Why})
		}
	}
	return out
}

// loggedObstacles returns obstacles for the log, without secrets.
func loggedObstacles(all []Obstacle) []Obstacle {
	out := make([]Obstacle, len(all))
	for i, o := range all {
		o.What, o.Cause, o.Quote = redact.Text(o.What), redact.Text(o.Cause), redact.Text(o.Quote)
		out[i] = o
	}
	return out
}
