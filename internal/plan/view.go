package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/caches"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// view collects the mounts of a plan. Its sections stand in the order of those of
// attest's expectView, so that both can be read side by side: caches, proc, devices,
// scratch, resolver, sockets, own caches, roots, protected, covers, home. A fresh file system comes before the mounts
// that lie on it: a folder to be seen on a fresh file system is made there.
type view struct {
	policy  policy.Policy
	facts   host.Facts
	private string // the folder with the workspace's own temporary folders
	writes  bool
	mounts  []Mount
	shared  int // how many mounts come before the roots
}

// compileView lists the mounts of a start under p.
func (out *Plan) compileView(p policy.Policy, f host.Facts, private string) error {
	v := &view{policy: p, facts: f, private: private, writes: p.Mode == policy.ModeWorkspaceWrite}
	v.caches()
	v.proc()
	v.devices()
	if err := v.scratch(); err != nil {
		return err
	}
	v.resolver()
	v.sockets()
	v.ownCaches()
	inner := v.covers(f.Hidden, p)
	if err := v.roots(); err != nil {
		return err
	}
	if v.writes {
		for _, m := range v.mounts[v.shared:] {
			out.WriteIn = append(out.WriteIn, m.Path)
		}
		out.Sweep = f.Absent
		out.GivenUp = p.TrustWritable
	}
	v.protected()
	v.add(inner...)
	v.home()
	out.View, out.Caches = v.mounts, f.Caches.Folder
	for _, own := range f.Caches.Own {
		out.OwnCaches = append(out.OwnCaches, own.Name)
	}
	return nil
}

func (v *view) add(mounts ...Mount) { v.mounts = append(v.mounts, mounts...) }

// proc: a /proc of the pid namespace's own, or the caller's without a way to write.
func (v *view) proc() {
	if v.facts.Missing.FreshProc {
		v.add(Mount{Path: "/proc", Kind: KindBind, Source: "/proc"})
	} else {
		v.add(Mount{Path: "/proc", Kind: KindProc, Writable: true})
	}
	for _, file := range v.facts.ProcFiles {
		v.add(Mount{Path: file, Kind: KindSelf})
	}
}

// devices: a small /dev, with terminals of its own. Landlock guards /dev, which stays
// writable for its trial.
func (v *view) devices() {
	v.add(Mount{Path: "/dev", Kind: KindDevices, Writable: true},
		Mount{Path: "/dev/pts", Kind: KindDevpts, Writable: true},
		Mount{Path: "/dev/shm", Kind: KindTmpfs, Writable: v.writes},
		Mount{Path: "/run", Kind: KindTmpfs, Writable: v.writes})
}

// scratch: the workspace's own /tmp and TMPDIR.
func (v *view) scratch() error {
	v.add(temporary("/tmp", v.private+"/tmp", v.writes && !v.policy.ExcludeSlashTmp))
	d := v.facts.TempDir
	if d == "" || within(d, v.policy.Workspace) || covering(d, v.mounts) == d {
		return nil
	}
	if tooWideForScratch(d, v.facts.UserHome) {
		return refuse(refusal.CodeInput, refusal.Mount(d), "TMPDIR is "+d+", which holds more than temporary files",
			"unset TMPDIR, or set it to a folder of its own")
	}
	m := temporary(d, v.private+"/tmpdir", v.writes && !v.policy.ExcludeTmpdirEnvVar)
	m.MakeDirs = dirsBetween(covering(d, v.mounts), d)
	v.add(m)
	return nil
}

// resolver: the file that names the resolvers, where a mount hides it. With rules for servers
// another file takes its place, which names our name server.
func (v *view) resolver() {
	if at := v.facts.Names; at != "" && v.policy.NetworkByName() {
		cover := covering(at, v.mounts)
		v.add(Mount{Path: at, Kind: KindNames, File: cover != "", MakeDirs: dirsBetween(cover, path.Dir(at))})
		return
	}
	r := v.facts.Resolver
	if !v.policy.NetworkOpen() || covering(r, v.mounts) == "" {
		return
	}
	dirs := dirsBetween(covering(r, v.mounts), path.Dir(r))
	v.add(Mount{Path: r, Kind: KindBind, Source: r, File: true, MakeDirs: dirs})
}

// sockets: Unix sockets of the host, where a folder of the command's own hides them.
func (v *view) sockets() {
	for _, at := range v.facts.Sockets {
		if cover := covering(at, v.mounts); cover != "" && cover != at && replaces(v.mounts, at) {
			v.add(Mount{Path: at, Kind: KindBind, Source: at, File: true, MakeDirs: dirsBetween(cover, path.Dir(at))})
		}
	}
}

// caches: private folders over the caches of the host. The private folders are found by
// their paths, and come before all mounts that could hide the paths. Covers come later, and
// lie on the caches.
func (v *view) caches() {
	for _, place := range v.facts.Caches.Places {
		v.add(Mount{Path: place.Path, Kind: KindCache, Store: place.Store, Writable: true})
	}
}

// ownCaches: a folder for the caches that the host doesn't have.
func (v *view) ownCaches() {
	if c := v.facts.Caches; len(c.Own) > 0 {
		v.add(Mount{Path: ownCachesAt, Kind: KindBind, Source: ownCaches(c.Folder), Writable: true, MakeDirs: []string{ownCachesAt}})
	}
}

const ownCachesAt = caches.OwnAt

func ownCaches(folder string) string { return folder + "/own" }

// roots: the workspace and the other writable roots. In read-only a root is mounted only
// where another mount hides it.
func (v *view) roots() error {
	v.shared = len(v.mounts)
	shared := v.mounts[:v.shared]
	all := []string{v.policy.Workspace}
	if v.writes {
		for _, r := range v.policy.WritableRoots {
			all = append(all, r.Path)
		}
	}
	slices.Sort(all)
	for i, root := range slices.Compact(all) {
		if slices.ContainsFunc(all[:i], func(r string) bool { return within(root, r) }) {
			continue // part of another root
		}
		cover := covering(root, shared)
		if !v.writes && (cover == "" || cover == root) {
			continue
		}
		if err := rootFits(root, v.policy.Home, shared); err != nil {
			return err
		}
		v.add(Mount{Path: root, Kind: KindBind, Source: root, Writable: v.writes, MakeDirs: dirsBetween(cover, root)})
	}
	return nil
}

// protected: the git directory, served, and the other protected names, read-only. A mount point can't be renamed or removed:
// each folder between a root, which is a mount point, and a protected name becomes one as
// well, and stays writable. There may be a thousand names: sets keep this quick.
func (v *view) protected() {
	inRoots, all := map[string]bool{}, map[string]bool{}
	for i, m := range v.mounts {
		if all[m.Path] = true; i >= v.shared {
			inRoots[m.Path] = true
		}
	}
	mount := func(m Mount) {
		v.add(m)
		inRoots[m.Path], all[m.Path] = true, true
	}
	pinFolders := func(last string) {
		for _, dir := range dirsBetween(coveringIn(last, inRoots), last) {
			if !all[dir] {
				mount(Mount{Path: dir, Kind: KindSelf, Writable: true})
			}
		}
	}
	protect := func(m Mount) {
		pinFolders(path.Dir(m.Path))
		mount(m)
	}
	if git := v.facts.Git; git.Dir != "" {
		protect(Mount{Path: git.Dir, Kind: KindGit, Own: git.Own, Writable: true})
	}
	for _, name := range v.facts.Protected {
		protect(Mount{Path: name, Kind: KindSelf, Trusted: true})
	}
	for _, absent := range v.facts.Absent {
		pinFolders(absent.Dir) // the sweep finds the folder by its path
	}
}

// home: an empty folder in place of the product's own.
func (v *view) home() {
	if covering(v.policy.Home, v.mounts[:v.shared]) == "" {
		v.add(Mount{Path: v.policy.Home, Kind: KindTmpfs})
	}
}

// tooWideForScratch reports whether a folder holds more than temporary files, which a
// private one in its place would hide.
func tooWideForScratch(dir, userHome string) bool {
	if dir == "/" || userHome != "" && within(userHome, dir) || slices.Contains([]string{"/var", "/opt", "/srv", "/home", "/mnt", "/media"}, dir) {
		return true
	}
	return slices.ContainsFunc([]string{"/bin", "/boot", "/etc", "/lib", "/lib64", "/sbin", "/sys", "/usr"}, func(system string) bool { return within(dir, system) })
}

// temporary is a private folder that lasts over the workspace's commands, or an
// empty one that can't be written.
func temporary(at, source string, writable bool) Mount {
	if !writable {
		return Mount{Path: at, Kind: KindTmpfs}
	}
	return Mount{Path: at, Kind: KindBind, Source: source, Writable: true}
}

// rootFits refuses a root that would uncover what the view replaces, or that
// lies where the product keeps its own files.
func rootFits(root, home string, view []Mount) error {
	if within(root, home) {
		return refuse(refusal.CodeInput, refusal.Mount(root), root+" lies in the product's own folder "+home, "choose another folder")
	}
	if within(home, root) {
		return refuse(refusal.CodeInput, refusal.Mount(root), root+" contains the product's own folder "+home+", and a command could put another in its place", "choose a folder without it, or move LOCKSTILE_HOME")
	}
	for _, m := range view {
		if within(m.Path, root) {
			return refuse(refusal.CodeInput, refusal.Mount(root),
				root+" can't be a workspace: the sandbox has its own "+m.Path, "choose a folder below it with -C")
		}
	}
	return nil
}

// coveringIn is covering by a set of paths.
func coveringIn(p string, shown map[string]bool) string {
	for at := p; ; at = path.Dir(at) {
		if shown[at] {
			return at
		}
		if at == "/" {
			return ""
		}
	}
}

// covering returns the deepest mount of the view that hides p, "" for none.
func covering(p string, view []Mount) string {
	best := ""
	for _, m := range view {
		if within(p, m.Path) && len(m.Path) > len(best) {
			best = m.Path
		}
	}
	return best
}

// dirsBetween lists the folders below cover that lead to p, p among them.
func dirsBetween(cover, p string) []string {
	if cover == "" || cover == p {
		return nil
	}
	var out []string
	at := cover
	for part := range strings.SplitSeq(strings.TrimPrefix(p, cover+"/"), "/") {
		at += "/" + part
		out = append(out, at)
	}
	return out
}

// within reports whether p is dir or lies below it; both are clean.
func within(p, dir string) bool {
	return dir == "/" || strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/')
}
