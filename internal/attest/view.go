package attest

import (
	"path"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// view collects the expectations of a command's view. The order of the sections is the
// order of plan's view, for reading side by side: caches, proc, devices, scratch, resolver,
// own caches, roots, protected, covers, home. The gate makes neither view from the other.
type view struct {
	policy   policy.Policy
	machine  Machine
	writes   bool
	expected []Expectation
	writable []string // all writable mounts
	replaced []string // the folders that the view replaces
}

// expectView lists the expected mount of each replaced path, and expects that no other
// path can be written. The first part names the missing mount.
func expectView(p policy.Policy, m Machine) []Expectation {
	v := &view{policy: p, machine: m, writes: p.Mode == policy.ModeWorkspaceWrite, replaced: []string{"/proc", "/dev", "/run", "/tmp"}}
	v.caches()
	v.proc()
	v.devices()
	v.scratch()
	v.resolver()
	v.sockets()
	v.ownCaches()
	v.roots()
	v.protected()
	v.covers()
	v.home()
	slices.Sort(v.writable)
	v.expect(
		expectDir(m), // after the mounts: without a mount, the folder is beneath the view
		Expectation{Restriction: refusal.ReadOnlyRoot, Fact: "command.writable mounts", Want: strings.Join(v.writable, " ")},
		Expectation{Restriction: refusal.Propagation, Fact: "command.propagation", Want: "unbindable"},
		Expectation{Restriction: refusal.NoSUID, Fact: "command.set-user-ID", Want: "off"})
	return v.expected
}

func (v *view) expect(e ...Expectation) { v.expected = append(v.expected, e...) }

// mount expects a mount of a kind at a path.
func (v *view) mount(at, kind string, writable bool) {
	flag := " ro"
	if writable {
		flag = " rw"
		v.writable = append(v.writable, at)
	}
	v.expect(Expectation{Restriction: refusal.Mount(at), Fact: Fact("command.mount." + at), Want: kind + flag})
}

// fresh expects a file system of the view's own.
func (v *view) fresh(at, kind string, writable bool) { v.mount(at, kind+" lockstile", writable) }

// same expects a folder or a file of the host, with the same device and inode.
func (v *view) same(at string, writable bool) {
	v.mount(at, "bind", writable)
	v.expect(Expectation{Restriction: refusal.Mount(at), Fact: Fact("command.file." + at), Want: v.machine.Files[at]})
}

// proc: a /proc of the pid namespace's own, or the caller's without a way to write.
func (v *view) proc() {
	v.expect(Expectation{Restriction: refusal.ReadOnlyRoot, Fact: "trial.write to the root", Want: "EROFS"})
	if v.machine.SharedProc {
		v.mount("/proc", "bind", false)
	} else {
		v.fresh("/proc", "proc", true)
	}
	for _, file := range v.machine.ProcFiles {
		v.mount(file, "proc lockstile"+strings.TrimPrefix(file, "/proc"), false)
	}
}

// devices: a small /dev, with terminals of the view's own. Landlock guards /dev; the
// trial of Landlock needs a writable /dev.
func (v *view) devices() {
	v.fresh("/dev", "tmpfs", true)
	v.fresh("/dev/pts", "devpts", true)
	v.expect(Expectation{Restriction: refusal.Mount("/dev/pts"), Fact: "command.most terminals./dev/pts", Want: mostTerminals})
	v.fresh("/dev/shm", "tmpfs", v.writes)
	v.fresh("/run", "tmpfs", v.writes)
}

// mostTerminals is how many terminals a command can have: the rest of the machine's
// terminals is for other programs.
const mostTerminals = "256"

// scratch: the workspace's own /tmp and TMPDIR.
func (v *view) scratch() {
	temporary := func(at string, excluded bool) {
		if v.writes && !excluded {
			v.same(at, true)
		} else {
			v.fresh(at, "tmpfs", false)
		}
	}
	temporary("/tmp", v.policy.ExcludeSlashTmp)
	if d := v.machine.TempDir; d != "" && !below(d, v.policy.Workspace) && !slices.Contains(v.replaced, d) {
		temporary(d, v.policy.ExcludeTmpdirEnvVar)
		v.replaced = append(v.replaced, d)
	}
}

// resolver: the file with the resolvers, if a mount hides the file; with rules for servers a
// file of ours.
func (v *view) resolver() {
	if at := v.machine.Names; at != "" && v.policy.NetworkByName() {
		v.mount(at, "tmpfs lockstile/.lockstile-names", false)
		return
	}
	if r := v.machine.Resolver; v.policy.NetworkOpen() && below(r, v.replaced...) {
		v.same(r, false)
	}
}

// sockets: Unix sockets of the host, if a folder of the command's own hides them.
func (v *view) sockets() {
	for _, at := range v.machine.Sockets {
		if below(at, v.replaced...) {
			v.same(at, false)
		}
	}
}

// caches: an overlay over each cache of the host, with the private folder of the seat.
func (v *view) caches() {
	for _, c := range v.machine.Caches {
		v.writable = append(v.writable, c.Path)
		v.expect(
			Expectation{Restriction: refusal.Cache(c.Path), Fact: Fact("command.mount." + c.Path), Want: "overlay lockstile rw"},
			Expectation{Restriction: refusal.Cache(c.Path), Fact: Fact("command.upper." + c.Path), Want: c.Upper})
	}
}

// ownCaches: a private folder for the caches that the host doesn't have.
func (v *view) ownCaches() {
	if at := v.machine.OwnCaches; at != "" {
		v.same(at, true)
	}
}

// roots: the workspace and the other writable roots. In read-only a root is mounted only
// if another mount hides the root.
func (v *view) roots() {
	for _, root := range v.mounted() {
		v.same(root, v.writes)
	}
}

// mounted lists the roots that have a mount.
func (v *view) mounted() []string {
	if ws := v.policy.Workspace; !v.writes && (!below(ws, v.replaced...) || slices.Contains(v.replaced, ws)) {
		return nil
	}
	return roots(v.policy)
}

// protected: the git directory, served, and the other protected names, read-only. Each folder between a root and a protected
// name is a mount point: the folder can't be renamed, and stays writable.
func (v *view) protected() {
	if !v.writes {
		return
	}
	for _, dir := range Pinned(v.policy, v.machine.Guarded()) {
		v.same(dir, true)
	}
	if git := v.machine.Git; git != "" {
		v.expect(Expectation{Restriction: refusal.GitDirectory, Fact: Fact("command.mount." + git), Want: "fuse lockstile rw"})
		v.writable = append(v.writable, git)
	}
	for _, name := range v.machine.Protected {
		v.same(name, false)
		if slices.Contains(v.machine.Special, name) {
			continue // the kernel lets anybody write to a pipe or a device on a read-only mount
		}
		v.expect(Expectation{Restriction: refusal.Mount(name), Fact: Fact("trial.change " + name), Want: "EROFS", Or: "EACCES"})
	}
}

// covers: the mounts that hide files, or show parts of hidden folders again.
func (v *view) covers() {
	hidden := func(at, kind string) {
		v.expect(Expectation{Restriction: refusal.HiddenFiles, Fact: Fact("command.mount." + at), Want: kind + " ro"})
	}
	host := func(at string) bool { // the host's files are at the path, and not a replaced folder's
		return !below(at, v.replaced...) || below(at, v.mounted()...)
	}
	for _, dir := range v.machine.Hidden {
		if host(dir) {
			hidden(dir, "tmpfs lockstile")
		}
	}
	for _, file := range v.machine.HiddenFiles {
		if host(file) {
			hidden(file, "tmpfs lockstile/.lockstile-empty")
		}
	}
	for _, at := range v.machine.Shown {
		if !slices.Contains(roots(v.policy), at) {
			hidden(at, "bind")
			v.expect(Expectation{Restriction: refusal.HiddenFiles, Fact: Fact("command.file." + at), Want: v.machine.Files[at]})
		}
	}
}

// home: an empty folder in place of the product's own.
func (v *view) home() {
	if !below(v.policy.Home, v.replaced...) && !below(v.policy.Home, v.machine.Hidden...) {
		v.fresh(v.policy.Home, "tmpfs", false)
	}
}

// Pinned lists the folders between the writable roots and the protected paths,
// each once: if a command could rename a folder, another folder could take the name.
func Pinned(p policy.Policy, protected []string) []string {
	var out []string
	tops := roots(p)
	for _, file := range protected {
		for dir := path.Dir(file); below(dir, tops...) && !slices.Contains(tops, dir); dir = path.Dir(dir) {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// roots are the folders that the policy speaks of, none below another.
func roots(p policy.Policy) []string {
	all := []string{p.Workspace}
	if p.Mode == policy.ModeWorkspaceWrite {
		for _, r := range p.WritableRoots {
			all = append(all, r.Path)
		}
	}
	slices.Sort(all)
	var out []string
	for _, r := range slices.Compact(all) {
		if !below(r, out...) {
			out = append(out, r)
		}
	}
	return out
}

func below(p string, dirs ...string) bool {
	p = path.Clean(p)
	return slices.ContainsFunc(dirs, func(d string) bool {
		return d == "/" || strings.HasPrefix(p, d) && (len(p) == len(d) || p[len(d)] == '/')
	})
}
