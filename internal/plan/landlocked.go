package plan

import (
	"slices"

	"github.com/lockstile/lockstile/internal/containers"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// leastScoped is the first version of Landlock that keeps signals and abstract sockets
// within the command's own processes.
const leastScoped = 6

// unixABI is the first version that also keeps Unix sockets with a path within them.
const unixABI = 9

// compileLandlocked plans a start on a machine without user namespaces. There only
// Landlock and the filter confine. Neither can except a protected name from a writable
// folder, or show a private folder. So the plan lets the command write nowhere, unless the
// user gives up the protected names.
func (out *Plan) compileLandlocked(p policy.Policy, f host.Facts, private string) error {
	if f.LandlockABI < leastScoped {
		return refuse(refusal.CodeUnsupported, refusal.Landlock,
			"this machine gives no user namespaces, and its Landlock is too old to hold alone", "use Linux 6.12 or newer; or: "+f.Place.AllowNamespaces())
	}
	writes := p.Mode == policy.ModeWorkspaceWrite
	switch {
	case writes && p.WithoutNamespaces && f.Missing.Exhausted:
		return refuse(refusal.CodeUnsupported, refusal.UserNamespace,
			"the namespaces of this user are used up, and linux.without_namespaces is for machines without", "end some commands, or raise the limits: sysctl user.max_user_namespaces, user.max_pid_namespaces")
	case p.Mode == policy.ModeReadOnly, writes && p.WithoutNamespaces:
	default:
		return refuse(refusal.CodeUnsupported, refusal.UserNamespace,
			"this machine gives no user namespaces, and without them only read-only can be enforced", lastResort(f.Place))
	}
	if p.NetworkOpen() {
		return refuse(refusal.CodeUnsupported, refusal.UserNamespace,
			"this machine gives no user namespaces, and network access without them isn't built", f.Place.AllowNamespaces()+"; or set sandbox_workspace_write.network_access to false")
	}
	if p.NetworkByName() || len(p.Network.Publish)+len(p.Network.Sockets) > 0 {
		return refuse(refusal.CodeUnsupported, refusal.ServersByName,
			"this machine gives no user namespaces, and without them no server or socket can be reached, and no port published", f.Place.AllowNamespaces()+"; or remove the rules of [network]")
	}
	out.Log = p.Home + "/sandbox.log"
	out.Rung, out.Seccomp = Landlocked, landlockedRules(writes)
	f.OwnPIDMax = false
	if err := out.compileLimits(p.Limits, f); err != nil {
		return err
	}
	out.Landlock.ABI = f.LandlockABI
	for _, r := range f.Hidden.Readable {
		out.Landlock.Rules = append(out.Landlock.Rules, LandlockRule{r, AccessTree})
	}
	for _, d := range Devices() {
		out.Landlock.Rules = append(out.Landlock.Rules, LandlockRule{"/dev/" + d, AccessDevice})
	}
	if writes {
		return out.openRoots(p, f, private)
	}
	return nil
}

// lastResort adds to the mend of a container how its user goes on without the mend.
func lastResort(place containers.Place) string {
	mend := place.AllowNamespaces()
	if place.Engine != containers.None {
		mend += `; the last resort, with less of a sandbox: linux.without_namespaces = "` + policy.ContainerIsTheBoundary + `" in config.toml`
	}
	return mend
}

// openRoots lets the command write in the roots, and in the private folder that stands in
// for TMPDIR. What can't be excepted from a root is refused, except what the user gives up.
func (out *Plan) openRoots(p policy.Policy, f host.Facts, private string) error {
	var roots []string
	for _, r := range p.Roots() {
		roots = append(roots, r.Path)
	}
	slices.Sort(roots)
	for i, root := range slices.Compact(roots) {
		if err := openFits(root, p, f); err != nil {
			return err
		}
		if slices.ContainsFunc(roots[:i], func(r string) bool { return within(root, r) }) {
			continue // part of another root
		}
		out.WriteIn = append(out.WriteIn, root)
	}
	if !p.ExcludeTmpdirEnvVar {
		out.Scratch = Scratch(private)
		out.WriteIn = append(out.WriteIn, out.Scratch)
	}
	for _, at := range out.WriteIn {
		out.Landlock.Rules = append(out.Landlock.Rules, LandlockRule{at, AccessWrite})
	}
	out.Sweep, out.GivenUp = f.Absent, p.TrustWritable
	return nil
}

// Scratch is the folder for temporary files of a command that has no view: the view's own
// TMPDIR on other rungs.
func Scratch(private string) string { return private + "/tmpdir" }

// openFits refuses a root that shows what a view would hide or guard, and that no user
// gives up: the folders of others, hidden files, and what decides about the next start.
func openFits(root string, p policy.Policy, f host.Facts) error {
	var replaced []Mount
	for _, dir := range append(Unreadable(f.TempDir), "/proc") {
		replaced = append(replaced, Mount{Path: dir})
	}
	if err := rootFits(root, p.Home, replaced); err != nil {
		return err
	}
	for _, c := range f.Hidden.Covered {
		if within(c.Path, root) {
			return refuse(refusal.CodeUnsupported, refusal.HiddenFiles, c.Path+" may not be read, and without user namespaces nothing can hide a file in a writable root",
				"move the file out of "+root+", or take it out of filesystem.deny_read")
		}
	}
	for _, name := range f.Deciding {
		if within(name, root) {
			return refuse(refusal.CodeUnsupported, refusal.Mount(root), name+" decides about the next start, and without user namespaces nothing can guard a name in a writable root",
				"install lockstile, and keep its folder, outside of "+root)
		}
	}
	return nil
}

// Unreadable lists the folders that the view replaces on other rungs.
func Unreadable(tempDir string) []string {
	out := []string{"/dev", "/run", "/tmp"}
	if tempDir != "" && tempDir != "/" {
		out = append(out, tempDir)
	}
	return out
}

// NotHeld says for people what a start does not hold although its policy asks for it, "" if
// it holds all: only a user's own words make such a plan.
func (p *Plan) NotHeld() string {
	if p.Rung != Landlocked || len(p.WriteIn) == 0 {
		return ""
	}
	return "without namespaces (linux.without_namespaces): the command can change .git and other protected names that are there, and modes and times of your files, and sees other processes"
}
