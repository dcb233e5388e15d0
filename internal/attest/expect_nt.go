package attest

import (
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// expectWindows lists what must be seen of a start on Windows.
func expectWindows(p policy.Policy, m Machine) []Expectation {
	limits := Expectation{Restriction: refusal.Tree, Fact: "job.limits", Want: "kill on close, die on unhandled exception"}
	if p.Mode == policy.ModeDangerFullAccess {
		limits.Or = "kill on close, as tried" // who could leave the job may do anything else too
	}
	out := []Expectation{
		{Restriction: refusal.Tree, Fact: "command.job", Want: "it alone"},
		limits,
		{Restriction: refusal.Handles, Fact: "command.canary", Want: "not there"},
		expectDir(m),
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return append(out,
			Expectation{Restriction: refusal.HostUser, Fact: "command.token.user", Want: m.User},
			Expectation{Restriction: refusal.HostUser, Fact: "command.token.privileges", Want: m.Privileges})
	}
	return append(out, Expectation{Restriction: refusal.Sandbox, Fact: "a sandbox", Want: "built"})
}
