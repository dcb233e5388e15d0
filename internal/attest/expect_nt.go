package attest

import (
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// changeNotify is the number of the privilege to walk through folders, the one that
// a token without privileges keeps (SeChangeNotifyPrivilege).
const changeNotify = "23"

// expectWindows lists what must be seen of a start on Windows.
func expectWindows(p policy.Policy, m Machine) []Expectation {
	limits := Expectation{Restriction: refusal.Tree, Fact: "job.limits", Want: "kill on close, die on unhandled exception"}
	if p.Mode == policy.ModeDangerFullAccess {
		limits.Or = "kill on close, as tried" // who could leave the job may do anything else too
	}
	each := []Expectation{
		{Restriction: refusal.Tree, Fact: "command.job", Want: "it alone"},
		limits,
		{Restriction: refusal.Handles, Fact: "command.canary", Want: "not there"},
		expectDir(m),
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return append(each,
			Expectation{Restriction: refusal.HostUser, Fact: "command.token.user", Want: m.User},
			Expectation{Restriction: refusal.HostUser, Fact: "command.token.privileges", Want: m.Privileges})
	}
	switch p.WindowsSandbox {
	case "unelevated":
		return append(expectToken(p, m), each...)
	}
	return []Expectation{{Restriction: refusal.Sandbox, Fact: "a sandbox account", Want: "set up"}}
}

// expectToken is what the same user's restricted token must be: first the token
// itself, which explains all that goes wrong with it.
func expectToken(p policy.Policy, m Machine) []Expectation {
	restricting := []string{access.Everyone, m.Logon, access.Capability(p.Home, p.Workspace)}
	for _, r := range p.WritableRoots {
		restricting = append(restricting, access.Capability(p.Home, r.Path))
	}
	slices.Sort(restricting)
	out := []Expectation{
		{Restriction: refusal.RestrictedToken, Fact: "command.token.restricted", Want: "yes"},
		{Restriction: refusal.RestrictedToken, Fact: "command.token.restricting", Want: strings.Join(slices.Compact(restricting), " ")},
		{Restriction: refusal.Privileges, Fact: "command.token.privileges", Want: changeNotify},
		{Restriction: refusal.Integrity, Fact: "command.token.integrity", Want: "medium"},
		{Restriction: refusal.Sandbox, Fact: "command.token.user", Want: m.User},
		{Restriction: refusal.UILimits, Fact: "job.ui", Want: "0xff"},
		{Restriction: refusal.RestrictedToken, Fact: Fact("trial.write in " + p.Home), Want: "denied"},
	}
	for _, root := range WritableRoots(p) {
		out = append(out, Expectation{Restriction: refusal.Mount(root), Fact: Fact("trial.write in " + root), Want: "ok"})
	}
	if !p.NetworkAccess { // a token can't take it away
		out = append(out, Expectation{Restriction: refusal.NetworkNamespace, Fact: "trial.reach the host", Want: "refused"})
	}
	return out
}

// WritableRoots are the folders below which the policy lets a command write.
func WritableRoots(p policy.Policy) []string {
	var out []string
	for _, r := range p.Roots() {
		out = append(out, r.Path)
	}
	return out
}
