package lockstile

import (
	"cmp"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/survey"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// intent is all decisions about a start, before anything is made: the same intent serves
// the start and the explanation, and so the two can't differ.
type intent struct {
	policy  policy.Policy
	facts   host.Facts
	private string // the workspace's own temporary folders
	trusted *survey.Trusted
	plan    *plan.Plan
	command launch.Command
}

// approved returns the policy that holds for a request. An approval counts only if the
// policy lets a person be asked.
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
	if a.Escalate && (p.Mode == policy.ModeReadOnly || p.Mode == policy.ModeWorkspaceWrite) { // an unset mode stays unset
		p.Mode = policy.ModeDangerFullAccess
	}
	return p, nil
}

func planStart(home ownHome, r Request, knows knowledge, known func(policy.Policy, host.Facts)) (*intent, error) {
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	p, err := approved(r)
	if err != nil {
		return nil, err
	}
	if p.NetworkByName() {
		if _, err := findServersProgram(); err != nil {
			return nil, err
		}
	}
	i, err := planFor(home, p, r.Env, knows, known)
	if err != nil {
		return nil, err
	}
	dir := r.Dir
	if dir == "" {
		dir = p.Workspace
	}
	env := i.command.Env
	i.command = launch.Command{Paths: commandPaths(r.Argv[0], dir, env), Argv: r.Argv, Env: env, Dir: dir, Denied: deniedSuffix(), Kept: i.keptIn(), Ignore: r.Ignore, Terminal: (*launch.Size)(r.Terminal)}
	return i, nil
}

// complete returns the policy that holds: with defaults for unset values, and with the
// gate's own folder as the product's folder.
func complete(p policy.Policy, home ownHome, userHome string) policy.Policy {
	p.Home = home.real
	return p.Complete(userHome)
}

// planFor decides everything that is the same for all commands with this environment.
// When the machine is known, planFor calls known, on the caller's thread, while the
// folders are looked at.
func planFor(home ownHome, p policy.Policy, environ []string, knows knowledge, known func(policy.Policy, host.Facts)) (*intent, error) {
	machine, err := host.Read()
	if err != nil {
		return nil, err
	}
	machine.UserHome = host.UserHome()
	p = complete(p, home, machine.UserHome)
	machine.Missing, machine.Loopback = knows.missing, knows.loopback
	if knows.missing.Cgroup {
		machine.Cgroup = ""
	}
	if knows.missing.UserNamespaces {
		machine.Place = host.Place()
	}
	machine.Pools.Share = knows.seat.share(home.real, p)
	i := &intent{policy: p, facts: machine}
	var beside sync.WaitGroup
	beside.Go(func() { err = i.surveyFolders(home, environ) })
	if known != nil {
		known(p, machine)
	}
	beside.Wait()
	if err != nil {
		return nil, err
	}
	if err := i.findCaches(knows.seat); err != nil {
		return nil, err
	}
	if i.plan, err = plan.Compile(p, i.facts, i.private); err != nil {
		return nil, err
	}
	if machine.OS == "windows" {
		i.command.Env = withSystemRoot(i.command.Env, os.Getenv("SystemRoot"))
	}
	if machine.OS == "linux" && machine.UID == 0 && i.plan.Confined() && p.DecideEnv("TAR_OPTIONS", ownOwner).Allowed {
		i.command.Env = withOwnOwner(i.command.Env)
	}
	if s := i.plan.Scratch; s != "" && p.DecideEnv("TMPDIR", s).Allowed {
		i.command.Env = withVariable(i.command.Env, "TMPDIR", s)
	}
	if i.plan.Git().Path != "" && p.DecideEnv(configCount, "1").Allowed {
		i.command.Env = withoutGC(i.command.Env)
	}
	if w := i.plan.Windows; w != nil {
		i.command.Env = withTemp(i.command.Env, w.Temp)
	}
	return i, nil
}

// surveyFolders looks at the folders of the policy and of the environment.
func (i *intent) surveyFolders(home ownHome, environ []string) error {
	p, facts := i.policy, &i.facts
	i.command.Env, _ = p.Env.Apply(environ)
	facts.Locate(tempDir(p, i.command.Env))
	i.private = privatePath(p.Home, p)
	var hiddenErr error
	var beside sync.WaitGroup
	if facts.OS != "windows" { // on Windows another account, or nothing, keeps from reading
		closed := closed(p, *facts)
		beside.Go(func() { facts.Hidden, hiddenErr = survey.FindHidden(p, i.private, closed) })
	}
	var err error
	i.trusted, err = survey.FindTrusted(p, i.private, notesIn(i.private), home.ways())
	beside.Wait()
	if err = cmp.Or(err, hiddenErr); err != nil {
		return err
	}
	i.findSockets()
	if err := i.findGit(); err != nil {
		return err
	}
	if facts.Git.Own != "" && facts.Hidden.Covers(facts.Git.Dir, nil) {
		facts.Git = host.Git{Why: facts.Git.Dir + " may not be read"}
	}
	facts.Protected, facts.Absent, facts.Leads, facts.Deciding = i.trusted.There, i.trusted.Absent, i.trusted.Leads, i.trusted.Deciding
	if facts.Git.Dir != "" {
		facts.Protected = slices.DeleteFunc(slices.Clone(facts.Protected), func(name string) bool { return trail.Within(name, facts.Git.Dir) })
	}
	var roots []string
	for _, r := range p.Roots() {
		roots = append(roots, r.Path)
	}
	if facts.OS != "windows" && !p.NetworkOpen() && !(facts.Missing.UserNamespaces && p.WithoutNamespaces) {
		for _, f := range i.trusted.FIFOs { // a program of the host may hold the other end
			if !facts.Hidden.Covers(f, roots) || facts.Hidden.Shows(f) {
				facts.Hidden.Covered = append(facts.Hidden.Covered, host.Covered{Path: f})
			}
		}
	}
	covered := func(name string) bool { return facts.Hidden.Covers(name, roots) } // and so nobody can write there
	facts.Protected = slices.DeleteFunc(facts.Protected, covered)
	facts.Absent = slices.DeleteFunc(slices.Clone(facts.Absent), func(a host.Absent) bool { return covered(a.Dir) })
	return nil
}

// tempDir returns TMPDIR, or "" where commands decide where it leads: a folder of a root is
// writable in any case, and a link in a root may lead anywhere.
func tempDir(p policy.Policy, env []string) string {
	dir := lookup(env, "TMPDIR")
	if !filepath.IsAbs(dir) || p.Mode != policy.ModeWorkspaceWrite {
		return dir
	}
	way, _ := trail.Walk(dir)
	for _, link := range way.Links {
		if slices.ContainsFunc(p.Roots(), func(r policy.Root) bool { return trail.Within(link.Path, r.Path) }) {
			return ""
		}
	}
	return dir
}

// findSockets finds the Unix sockets of the policy that are there. One that lies in a hidden
// folder is shown.
func (i *intent) findSockets() {
	hidden := &i.facts.Hidden
	for _, at := range i.policy.Network.Sockets {
		info, err := os.Lstat(at)
		if err != nil || info.Mode()&os.ModeSocket == 0 {
			continue
		}
		i.facts.Sockets = append(i.facts.Sockets, at)
		if hidden.Covers(at, nil) && !hidden.Shows(at) {
			hidden.Shown = append(slices.Clone(hidden.Shown), host.Covered{Path: at})
		}
	}
}

// findGit decides whether the command gets the git directory of the workspace.
func (i *intent) findGit() error {
	p, git := i.policy, &i.facts.Git
	if p.Mode == policy.ModeReadOnly && p.Git == policy.GitOn {
		return gitRefused("git.commit is true, and read-only lets nobody commit", "choose workspace-write, or set git.commit to \"auto\"")
	}
	if p.Mode != policy.ModeWorkspaceWrite {
		return nil
	}
	*git = survey.FindGitDir(p)
	if git.Dir != "" && i.trusted.Coming(git.Dir) {
		*git = host.Git{Why: git.Dir + " was made by a command that runs still", None: true}
	}
	if git.None && p.Git != policy.GitOff && i.facts.OS == "linux" {
		i.trusted.LetInit(p.Workspace)
	}
	hint := "work in a repository of its own, or set git.commit to \"auto\""
	if why := noGit(p, i.facts); git.Dir != "" && why != "" {
		*git = host.Git{Why: why}
		hint = "let the user open /dev/fuse (chmod 666 /dev/fuse, docker run --device /dev/fuse), or set git.commit to \"auto\""
	}
	if i.facts.Missing.UserNamespaces {
		hint = "allow user namespaces (lockstile doctor says how), or set git.commit to \"auto\""
	}
	if git.Dir != "" {
		if err := checkGit(p.Workspace, git.Dir, git.Own); err != nil {
			*git = host.Git{Why: err.Error()}
		}
	}
	if git.Why != "" && p.Git == policy.GitOn {
		return gitRefused("git.commit is true, and commands can't commit: "+git.Why, hint)
	}
	if git.Dir != "" {
		i.trusted.Serve(git.Dir)
		i.trusted.LetModules()
	}
	return nil
}

// noGit returns why no git directory is served, "" if one is.
func noGit(p policy.Policy, f host.Facts) string {
	switch {
	case p.Git == policy.GitOff:
		return "git.commit is false"
	case f.Missing.UserNamespaces:
		return "without namespaces nothing stands between commands and the git directory"
	case f.Missing.FUSE:
		return "this machine mounts no file system of ours in a user namespace"
	}
	return host.NoFUSE()
}

// keptIn names a new folder for the history that git would lose.
func (i *intent) keptIn() string {
	if i.facts.Git.Dir == "" {
		return ""
	}
	return filepath.Join(i.private, "git", strings.ToLower(rand.Text()[:12]))
}

func gitRefused(reason, hint string) error {
	return &refusal.Error{Code: refusal.CodeUnsupported, Stage: refusal.StagePlan, Restriction: refusal.GitDirectory, Reason: reason, Hint: hint}
}

// closed lists the folders that a view would replace, for a machine without views.
func closed(p policy.Policy, f host.Facts) []string {
	if !f.Missing.UserNamespaces {
		return nil
	}
	return append(plan.Unreadable(f.TempDir), p.Home)
}

// withSystemRoot adds the variable SystemRoot, as os/exec does: without SystemRoot no
// program of Windows finds its libraries.
func withSystemRoot(env []string, root string) []string {
	if root == "" || slices.ContainsFunc(env, func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return strings.EqualFold(name, "SystemRoot")
	}) {
		return env
	}
	return append(slices.Clone(env), "SystemRoot="+root)
}

const ownOwner = "--no-same-owner"

// withOwnOwner has GNU tar give files to the command's user, as for every user but root.
// In the sandbox root is the only user: a file can't be given to another user, and tar
// would fail for each file of an archive.
// A policy that would not hand the variable on keeps the variable out.
func withOwnOwner(env []string) []string {
	if lookup(env, "TAR_OPTIONS") != "" {
		return env
	}
	out := append(slices.DeleteFunc(slices.Clone(env), func(e string) bool { return e == "TAR_OPTIONS=" }), "TAR_OPTIONS="+ownOwner)
	slices.Sort(out)
	return out
}

// withVariable sets a variable.
func withVariable(env []string, name, value string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, name+"=") })
	out = append(out, name+"="+value)
	slices.Sort(out)
	return out
}

// configCount is the number of settings that git reads from the environment
// (git-config(1)).
const configCount = "GIT_CONFIG_COUNT"

// withoutGC keeps git from cleaning up on its own: objects stay in the sandbox, and git
// would try again after each commit.
func withoutGC(env []string) []string {
	n := 0
	if given := lookup(env, configCount); given != "" {
		var err error
		if n, err = strconv.Atoi(given); err != nil || n < 0 {
			return env // git says what is wrong
		}
	}
	at := strconv.Itoa(n)
	out := append(slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, configCount+"=") }),
		configCount+"="+strconv.Itoa(n+1), "GIT_CONFIG_KEY_"+at+"=gc.auto", "GIT_CONFIG_VALUE_"+at+"=0")
	slices.Sort(out)
	return out
}

// withTemp sets the variables for temporary files on Windows to the only temporary folder
// that the command may write.
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

// deniedSuffix returns the suffix of names that are taken back. The suffix is random: a
// command that knew the suffix could make the new name beforehand.
func deniedSuffix() string { return ".denied-" + strings.ToLower(rand.Text()[:8]) }
