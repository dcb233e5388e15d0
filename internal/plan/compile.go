package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Compile plans one start. private is the folder that holds the workspace's own
// temporary folders. Every error is a *refusal.Error.
func Compile(p policy.Policy, f host.Facts, private string) (*Plan, error) {
	if err := decided(p); err != nil {
		return nil, err
	}
	if f.OS == "windows" {
		return compileWindows(p, f, private)
	}
	if f.OS != "linux" {
		return nil, refuse(refusal.CodeUnsupported, "", "starting commands on "+f.OS+" isn't built yet", "use lockstile on Linux")
	}
	out, err := compileFoundation(p, f)
	if err != nil || !out.Confined() {
		return out, err
	}
	if err := out.compileView(p, f, private); err != nil {
		return nil, err
	}
	out.compileLandlock(f.LandlockABI, f.Hidden.Readable)
	return out, nil
}

// Foundation plans the part of a start that depends on no folder: the processes can be
// made with the part while the folders are looked at. Foundation returns nil if no part
// is worth making ahead.
func Foundation(p policy.Policy, f host.Facts) *Plan {
	if decided(p) != nil || f.OS != "linux" {
		return nil
	}
	out, err := compileFoundation(p, f)
	if err != nil || !out.Confined() {
		return nil
	}
	return out
}

// compileFoundation plans everything but the view and the rules for files. On a rung
// without a view, the result is the whole plan.
func compileFoundation(p policy.Policy, f host.Facts) (*Plan, error) {
	out := &Plan{
		Target: f.OS + "/" + f.Arch, Mode: p.Mode, Rung: Full,
		UID: f.UID, GID: f.GID, Workspace: p.Workspace, LastCap: f.LastCap, Keyring: f.Keyring,
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return &Plan{Target: out.Target, Mode: p.Mode, Rung: Unconfined, UID: f.UID, GID: f.GID, Workspace: p.Workspace}, nil
	}
	if f.LandlockABI < 1 {
		return nil, refuse(refusal.CodeUnsupported, refusal.Landlock, "this kernel has no Landlock",
			"use Linux 5.13 or newer with landlock among the security modules (lsm= on the kernel's command line)")
	}
	if f.Lacks.UserNamespaces {
		if err := out.compileLandlocked(p, f); err != nil {
			return nil, err
		}
		return out, nil
	}
	if f.Lacks.FreshProc {
		out.Rung, f.ProcFiles, f.OwnPIDMax = SharedProc, nil, false
	}
	out.Namespaces = []refusal.Restriction{
		refusal.UserNamespace, refusal.PIDNamespace, refusal.MountNamespace,
		refusal.IPCNamespace, refusal.UTSNamespace, refusal.CgroupNamespace,
	}
	if !p.NetworkOpen() {
		out.Namespaces = append(out.Namespaces, refusal.NetworkNamespace)
	}
	if !p.NetworkOpen() && f.LandlockABI < unixABI {
		out.Supervised, out.Killable = true, f.KillableNotify
	}
	out.Seccomp = rulesFor(out.Supervised)
	if err := out.compileLimits(p.Limits, f); err != nil {
		return nil, err
	}
	return out, nil
}

// decided refuses a policy that leaves a setting open or asks for an unbuilt feature: an
// ignored wish would be a weaker start.
func decided(p policy.Policy) error {
	switch {
	case p.Mode == policy.ModeUnset || p.Mode > policy.ModeDangerFullAccess:
		return refuse(refusal.CodeUnset, "", "no sandbox mode is set",
			"say --sandbox read-only, workspace-write or danger-full-access")
	case !path.IsAbs(p.Workspace) && !isWindowsPath(p.Workspace):
		return refuse(refusal.CodeInput, "", "the workspace is not an absolute path", "give the folder in full")
	case p.Home == "":
		return refuse(refusal.CodeUnset, "", "the product's own folder is not set", "set LOCKSTILE_HOME or HOME")
	case p.Mode == policy.ModeDangerFullAccess:
		return nil
	}
	return nil
}

func isWindowsPath(p string) bool { return len(p) > 2 && p[1] == ':' }

// compileView lists the mounts. Fresh file systems come first, then mounts on them: a
// folder to be seen below a fresh file system is made there.
func (out *Plan) compileView(p policy.Policy, f host.Facts, private string) error {
	writes := p.Mode == policy.ModeWorkspaceWrite
	add := func(m Mount) { out.View = append(out.View, m) }
	if f.Lacks.FreshProc {
		add(Mount{Path: "/proc", Kind: KindBind, Source: "/proc"})
	} else {
		add(Mount{Path: "/proc", Kind: KindProc, Writable: true})
	}
	for _, file := range f.ProcFiles {
		add(Mount{Path: file, Kind: KindSelf})
	}
	add(Mount{Path: "/dev", Kind: KindDevices, Writable: true})
	add(Mount{Path: "/dev/pts", Kind: KindDevpts, Writable: true})
	add(Mount{Path: "/dev/shm", Kind: KindTmpfs, Writable: writes})
	add(Mount{Path: "/run", Kind: KindTmpfs, Writable: writes})
	add(temporary("/tmp", private+"/tmp", writes && !p.ExcludeSlashTmp))
	if d := f.TempDir; d != "" && !within(d, p.Workspace) && covering(d, out.View) != d {
		if tooWideForScratch(d, f.UserHome) {
			return refuse(refusal.CodeInput, refusal.Mount(d), "TMPDIR is "+d+", which holds more than temporary files",
				"unset TMPDIR, or set it to a folder of its own")
		}
		m := temporary(d, private+"/tmpdir", writes && !p.ExcludeTmpdirEnvVar)
		m.MakeDirs = dirsBetween(covering(d, out.View), d)
		add(m)
	}
	if r := f.Resolver; p.NetworkOpen() && covering(r, out.View) != "" {
		dirs := dirsBetween(covering(r, out.View), path.Dir(r))
		add(Mount{Path: r, Kind: KindBind, Source: r, File: true, MakeDirs: dirs})
	}
	inner := out.cover(f.Hidden, p)
	private0 := len(out.View)

	roots := []string{p.Workspace}
	if writes {
		for _, r := range p.WritableRoots {
			roots = append(roots, r.Path)
		}
	}
	slices.Sort(roots)
	for i, root := range slices.Compact(roots) {
		if slices.ContainsFunc(roots[:i], func(r string) bool { return within(root, r) }) {
			continue // part of an earlier root
		}
		cover := covering(root, out.View[:private0])
		if !writes && (cover == "" || cover == root) {
			continue // seen at its place, or replaced
		}
		if err := rootFits(root, p.Home, out.View[:private0]); err != nil {
			return err
		}
		add(Mount{Path: root, Kind: KindBind, Source: root, Writable: writes, MakeDirs: dirsBetween(cover, root)})
	}
	if writes {
		for _, m := range out.View[private0:] { // the roots
			out.WriteIn = append(out.WriteIn, m.Path)
		}
		out.Sweep = f.Absent
	}
	// A mount point can't be renamed or removed. So each folder between the root, itself
	// a mount point, and a protected name becomes a mount point, and stays writable. The
	// paths are in a set, because there may be a thousand.
	shown, all := map[string]bool{}, map[string]bool{}
	show := func(m Mount) { shown[m.Path], all[m.Path] = true, true }
	for i, m := range out.View {
		if all[m.Path] = true; i >= private0 {
			shown[m.Path] = true
		}
	}
	for _, name := range f.Protected {
		for _, dir := range ancestors(name, coveringIn(name, shown)) {
			if !all[dir] {
				m := Mount{Path: dir, Kind: KindSelf, Writable: true}
				add(m)
				show(m)
			}
		}
		m := Mount{Path: name, Kind: KindSelf}
		add(m)
		show(m)
	}
	out.View = append(out.View, inner...)
	if covering(p.Home, out.View[:private0]) == "" {
		add(Mount{Path: p.Home, Kind: KindTmpfs})
	}
	return nil
}

// tooWideForScratch reports whether a folder holds more than temporary files: a private
// folder in its place would hide the rest.
func tooWideForScratch(dir, userHome string) bool {
	if dir == "/" || userHome != "" && within(userHome, dir) || slices.Contains([]string{"/var", "/opt", "/srv", "/home", "/mnt", "/media"}, dir) {
		return true
	}
	return slices.ContainsFunc([]string{"/bin", "/boot", "/etc", "/lib", "/lib64", "/sbin", "/sys", "/usr"}, func(system string) bool { return within(dir, system) })
}

// temporary returns a private folder that all commands of the workspace share, or an
// empty read-only folder.
func temporary(at, source string, writable bool) Mount {
	if !writable {
		return Mount{Path: at, Kind: KindTmpfs}
	}
	return Mount{Path: at, Kind: KindBind, Source: source, Writable: true}
}

// rootFits refuses a root that would uncover a replaced path of the view, or that lies in
// the product's own folder.
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

// covering returns the deepest mount of the view over p, or "" without a mount.
func covering(p string, view []Mount) string {
	best := ""
	for _, m := range view {
		if within(p, m.Path) && len(m.Path) > len(best) {
			best = m.Path
		}
	}
	return best
}

// dirsBetween lists the folders from cover down to p, with p and without cover.
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

// ancestors lists the folders between root and p, without either.
func ancestors(p, root string) []string {
	dirs := dirsBetween(root, p)
	return dirs[:max(len(dirs)-1, 0)]
}

// within reports whether p is dir or lies below dir; both are clean.
func within(p, dir string) bool {
	return dir == "/" || strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/')
}

// compileLandlock grants reading everywhere, or in the readable folders, and writing in
// the writable mounts of the view.
func (out *Plan) compileLandlock(abi int, readable []string) {
	rules := []LandlockRule{{"/", AccessRead}}
	if len(readable) > 0 && readable[0] != "/" {
		rules = []LandlockRule{{"/", AccessList}, {EmptyFile, AccessFiles}}
		for _, r := range readable {
			if !out.replaces(r) {
				rules = append(rules, LandlockRule{r, AccessFiles})
			}
		}
		for _, m := range out.View {
			if m.Kind == KindBind && !m.Writable {
				rules = append(rules, LandlockRule{m.Path, AccessFiles})
			}
		}
	}
	for _, m := range out.View {
		switch {
		case m.Kind == KindDevices:
			for _, d := range Devices() {
				rules = append(rules, LandlockRule{m.Path + "/" + d, AccessDevice})
			}
		case m.Kind == KindDevpts:
			rules = append(rules, LandlockRule{m.Path, AccessDevice})
		case m.Writable && m.Kind != KindSelf: // except KindSelf: the root's rule covers those
			rules = append(rules, LandlockRule{m.Path, AccessWrite})
		}
	}
	out.Landlock = Landlock{ABI: abi, Rules: rules}
}

// Devices are the device files of the view's /dev.
func Devices() []string { return []string{"full", "null", "random", "tty", "urandom", "zero"} }

// ProbeFile is writable for everyone, on a writable mount: only Landlock can deny
// writing.
const ProbeFile = "/dev/.lockstile-probe"

// EmptyFile covers each hidden file. UnreadFile is readable for everyone but for
// Landlock.
const (
	HostSocket = "/dev/.lockstile-socket" // not the command's own: Landlock must keep the command away
	EmptyFile  = "/dev/.lockstile-empty"
	UnreadFile = "/dev/.lockstile-unread"
)

func refuse(code refusal.Code, r refusal.Restriction, reason, hint string) error {
	return &refusal.Error{Code: code, Stage: refusal.StagePlan, Restriction: r, Reason: reason, Hint: hint}
}
