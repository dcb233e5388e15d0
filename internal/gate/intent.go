package gate

import (
	"cmp"
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/survey"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// intent is all that is decided of a start before anything is made: one for the
// start and for its explanation, so that they can't differ.
type intent struct {
	policy  policy.Policy
	facts   host.Facts
	private string // the workspace's own temporary folders
	trusted *survey.Trusted
	plan    *plan.Plan
	command launch.Command
}

// approved gives the policy that holds for a request. An approval is worth
// something only where the policy lets a person be asked.
func approved(r Request) (policy.Policy, error) {
	a := r.Approval
	if a == nil {
		return r.Policy, nil
	}
	refused := func(reason, hint string) (policy.Policy, error) {
		return policy.Policy{}, &refusal.Error{Code: refusal.CodeNotApproved, Stage: refusal.StageApprove, Reason: reason, Hint: hint}
	}
	switch {
	case r.Policy.Approval != policy.ApprovalOnRequest && r.Policy.Approval != policy.ApprovalUntrusted:
		return refused("approval_policy is "+r.Policy.Approval.String()+": nobody may be asked", "go on within the sandbox")
	case a.By == "":
		return refused("an approval names nobody", "say who was asked, and how")
	}
	p := r.Policy
	if a.Escalate && (p.Mode == policy.ModeReadOnly || p.Mode == policy.ModeWorkspaceWrite) { // what is unset stays so
		p.Mode = policy.ModeDangerFullAccess
	}
	return p, nil
}

func intend(home string, r Request, lacks host.Lacks, known func(policy.Policy, host.Facts)) (*intent, error) {
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	p, err := approved(r)
	if err != nil {
		return nil, err
	}
	i, err := settle(home, p, r.Env, lacks, known)
	if err != nil {
		return nil, err
	}
	dir := r.Dir
	if dir == "" {
		dir = p.Workspace
	}
	env := i.command.Env
	i.command = launch.Command{Paths: candidates(r.Argv[0], dir, env), Argv: r.Argv, Env: env, Dir: dir, Denied: deniedSuffix(), Terminal: r.Terminal}
	return i, nil
}

// settle decides what is the same for all commands with this environment.
func settle(home string, p policy.Policy, environ []string, lacks host.Lacks, known func(policy.Policy, host.Facts)) (*intent, error) {
	p.Home = home
	env, _ := p.Env.Apply(environ)
	private := privatePath(home, p)
	facts, trusted, err := lookRound(p, lookup(env, "TMPDIR"), private, lacks, known)
	if err != nil {
		return nil, err
	}
	planned, err := plan.Compile(p, facts, private)
	if err != nil {
		return nil, err
	}
	if facts.OS == "windows" {
		env = withSystemRoot(env, os.Getenv("SystemRoot"))
	}
	if w := planned.Windows; w != nil {
		env = withTemp(env, w.Temp)
	}
	return &intent{p, facts, private, trusted, planned, launch.Command{Env: env}}, nil
}

// lookRound looks at the machine and at the folders that the policy speaks of. Beside the
// latter, known is told of the former.
func lookRound(p policy.Policy, tempDir, private string, lacks host.Lacks, known func(policy.Policy, host.Facts)) (host.Facts, *survey.Trusted, error) {
	facts, err := host.Read(tempDir)
	if err != nil {
		return facts, nil, err
	}
	facts.Lacks = lacks
	if lacks.Cgroup {
		facts.Cgroup = ""
	}
	var hiddenErr error
	var beside sync.WaitGroup
	if known != nil {
		machine := facts
		beside.Go(func() { known(p, machine) })
	}
	if facts.OS != "windows" { // where another account, or nothing, keeps from reading
		rules := hiding(p, facts)
		beside.Go(func() { facts.Hidden, hiddenErr = survey.Hidden(rules, private) })
	}
	trusted, err := survey.Look(p, private, notesIn(private))
	beside.Wait()
	if err = cmp.Or(err, hiddenErr); err != nil {
		return facts, nil, err
	}
	facts.Protected, facts.Absent = trusted.There, trusted.Absent
	if facts.OS != "windows" && !p.NetworkOpen() {
		for _, f := range trusted.FIFOs { // the other end of one may be a program of the host
			facts.Hidden.Covered = append(facts.Hidden.Covered, host.Covered{Path: f})
		}
	}
	facts.Protected = slices.DeleteFunc(facts.Protected, facts.Hidden.Covers)
	return facts, trusted, nil
}

// hiding gives a policy the rules that stand in for the view where there is none.
func hiding(p policy.Policy, f host.Facts) policy.Policy {
	if !f.Lacks.UserNamespaces {
		return p
	}
	rules := slices.Clone(p.Read)
	for _, dir := range append(plan.Unreadable(f.TempDir), p.Home) {
		rules = append(rules, policy.ReadRule{Pattern: policy.EscapeGlob(dir)})
	}
	p.Read = append(rules, policy.ReadRule{Pattern: policy.EscapeGlob(p.Workspace), Allow: true})
	return p
}

// withSystemRoot adds the one variable without which no program of Windows finds its
// libraries, as os/exec does.
func withSystemRoot(env []string, root string) []string {
	if root == "" || slices.ContainsFunc(env, func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return strings.EqualFold(name, "SystemRoot")
	}) {
		return env
	}
	return append(slices.Clone(env), "SystemRoot="+root)
}

// withTemp names the one folder for temporary files that a command on Windows may
// write to, as its programs look for it.
func withTemp(env []string, dir string) []string {
	names := []string{"TEMP", "TMP", "TMPDIR"}
	out := slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	})
	for _, n := range names {
		out = append(out, n+"="+dir)
	}
	slices.Sort(out)
	return out
}

// deniedSuffix is what a name that is taken back ends with; the command, which
// could make it beforehand, can't know it.
func deniedSuffix() string { return ".denied-" + strings.ToLower(rand.Text()[:8]) }
