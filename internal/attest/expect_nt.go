package attest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// changeNotify is the number of the privilege to walk through folders. Even a stripped
// token keeps the privilege (SeChangeNotifyPrivilege).
const changeNotify = "23"

// expectWindows returns the expectations for a start on Windows.
func expectWindows(p policy.Policy, m Machine) []Expectation {
	limits := Expectation{Restriction: refusal.Tree, Fact: "job.limits", Want: "kill on close, die on unhandled exception, processes, memory"}
	if p.Mode == policy.ModeDangerFullAccess {
		limits.Want = "kill on close, die on unhandled exception"
		limits.Or = "kill on close, as tried" // an unconfined command gains no right by leaving the job
	}
	each := []Expectation{
		{Restriction: refusal.Suspended, Fact: "command.thread", Want: "suspended 1 times"},
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
	out := append(expectToken(p, m), each...)
	if p.WindowsSandbox != "unelevated" {
		return append(out, expectNetwork(p)...)
	}
	if !p.NetworkOpen() { // a token can't take the network away
		out = append(out, Expectation{Restriction: refusal.NetworkNamespace, Fact: "a network", Want: "taken away"})
	}
	return out
}

// networkTrials are the runner's trials on the machine. The runner has the account's
// network.
var networkTrials = []string{"tcp4", "tcp6", "udp4", "udp6", "listen4", "listen6"}

// expectNetwork expects each trial of the runner to fail on the filters. If the user may
// see the filters, expectNetwork also expects the filters of setup, unchanged.
func expectNetwork(p policy.Policy) []Expectation {
	if p.NetworkOpen() {
		return []Expectation{{Restriction: refusal.HostNetwork, Fact: "trial.network tcp4", Want: "not filtered"}}
	}
	var out []Expectation
	for _, name := range networkTrials {
		x := Expectation{Restriction: refusal.NetworkNamespace, Fact: Fact("trial.network " + name), Want: "filtered"}
		if strings.HasSuffix(name, "6") {
			x.Or = "no such network"
		}
		out = append(out, x)
	}
	return append(out, Expectation{Restriction: refusal.NetworkNamespace, Fact: "network.filters", Want: "as set up", Or: "not for this user to see"})
}

// expectToken returns the expectations for a restricted token, of the user or of an
// account. The token comes first: a wrong token explains all later failures.
func expectToken(p policy.Policy, m Machine) []Expectation {
	restricting := []string{access.Everyone, access.Own(p.Home, p.Workspace)}
	for _, r := range p.Roots() {
		restricting = append(restricting, access.Capability(p.Home, r.Path))
	}
	slices.Sort(restricting)
	user := m.User
	opens := []string{access.System, m.User, access.Own(p.Home, p.Workspace)}
	if p.WindowsSandbox != "unelevated" {
		user = m.Account
		opens = append(opens, m.Account)
	}
	slices.Sort(opens)
	out := []Expectation{
		{Restriction: refusal.RestrictedToken, Fact: "command.token.restricted", Want: "yes"},
		{Restriction: refusal.RestrictedToken, Fact: "command.token.restricting", Want: strings.Join(slices.Compact(restricting), " ")},
		{Restriction: refusal.Privileges, Fact: "command.token.privileges", Want: changeNotify},
		{Restriction: refusal.Integrity, Fact: "command.token.integrity", Want: "medium"},
		{Restriction: refusal.RestrictedToken, Fact: "command.token.default list", Want: strings.Join(opens, " ")},
		{Restriction: refusal.RestrictedToken, Fact: "command.token.administrators", Want: "not a member", Or: "for denials alone"},
		{Restriction: refusal.Desktop, Fact: "command.token.logon session", Want: "for denials alone"},
		{Restriction: refusal.Desktop, Fact: "command.desktop", Want: "its own"},
		{Restriction: refusal.Sandbox, Fact: "command.token.user", Want: user},
		{Restriction: refusal.UILimits, Fact: "job.ui", Want: "0xff"},
		{Restriction: refusal.Tree, Fact: "job.processes", Want: "4096"},
		{Restriction: refusal.Tree, Fact: "job.memory", Want: strconv.FormatUint(m.Memory, 10)},
		{Restriction: refusal.Mitigations, Fact: "command.loads no", Want: "extension points, remote images, images of low integrity"},
		{Restriction: refusal.RestrictedToken, Fact: Fact("trial.write in " + p.Home), Want: "denied"},
		{Restriction: refusal.Desktop, Fact: Fact("trial.use " + Screen), Want: "denied"},
	}
	tries := TriesOf(p, m.Protected) // not m.Tries: an omitted trial proves nothing
	for _, root := range tries.Write {
		want := "ok"
		if p.Mode == policy.ModeReadOnly {
			want = "denied"
		}
		if root != p.Home { // p.Home is in the list above
			out = append(out, Expectation{Restriction: refusal.Mount(root), Fact: Fact("trial.write in " + root), Want: want})
		}
	}
	if p.Mode == policy.ModeWorkspaceWrite {
		out = append(out, Expectation{Restriction: refusal.Mount(m.TempDir), Fact: Fact("trial.write in " + m.TempDir), Want: "ok"})
	}
	for _, path := range tries.Change {
		out = append(out, Expectation{Restriction: refusal.Mount(path), Fact: Fact("trial.change " + path), Want: "denied"})
	}
	for _, path := range tries.Rename {
		out = append(out, Expectation{Restriction: refusal.Mount(path), Fact: Fact("trial.rename " + path), Want: "denied"})
	}
	return out
}

// Screen is the only object of a "use" trial (see Tries).
const Screen = "the user's screen"

// Tries are the files and folders of the trials with a command's token.
type Tries struct {
	Write  []string // to make a file in
	Change []string // to open for changing
	Rename []string // to open for renaming
}

// TriesOf lists the paths of the trials under a policy: each writable root, or the
// workspace without writable roots; the product's own folder; each protected name; and
// each folder with a fixed name.
func TriesOf(p policy.Policy, protected []string) Tries {
	t := Tries{Write: []string{p.Home}}
	if p.Mode == policy.ModeReadOnly {
		t.Write = append(t.Write, p.Workspace)
	}
	for _, r := range p.Roots() {
		t.Write = append(t.Write, r.Path)
		t.Rename = append(t.Rename, r.Path)
	}
	for _, path := range protected {
		for _, r := range p.Roots() {
			within, ok := strings.CutPrefix(path, r.Path+`\`)
			if !ok {
				continue
			}
			t.Change = append(t.Change, path)
			dir := r.Path
			names := strings.Split(within, `\`)
			for _, name := range names[:len(names)-1] {
				dir += `\` + name
				t.Rename = append(t.Rename, dir)
			}
		}
	}
	for _, list := range []*[]string{&t.Write, &t.Change, &t.Rename} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return t
}
