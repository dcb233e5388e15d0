package attest

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Machine holds facts of our own process and of the host, measured before the start, for
// comparison with the confined process.
type Machine struct {
	OS               string
	UID, GID         int
	Identity         map[string]string // Uid, Gid and Groups of this thread, as /proc/PID/status has them
	Namespaces       map[string]string // of this process, by the names in /proc/self/ns
	SeccompFilters   int               // in force on this process already
	LandlockABI      int
	LastCap          int
	NoUserNamespaces bool              // only Landlock and the filter confine
	SharedProc       bool              // the view's /proc is ours, read-only
	MostProcesses    uint64            // for our user
	MostCore         uint64            // bytes, of a core
	OwnPIDMax        bool              // a pid namespace has a kernel.pid_max of its own
	Inotify, Watches int64             // the most for all processes of a user
	Signals, Queues  uint64            // the same
	Cgroup           bool              // a cgroup for bounding memory and processes can be made
	Keyring          string            // serial of our session keyring, or an errno name
	TempDir          string            // canonical TMPDIR of the command, "" for none; on Windows its own temporary folder
	Protected        []string          // read-only paths within the writable roots
	Hidden           []string          // folders that may not be read
	HiddenFiles      []string          // files that may not be read
	Shown            []string          // readable paths within Hidden and HiddenFiles
	Readable         []string          // folders that may be read except for Hidden and HiddenFiles; "/" for all
	Resolver         string            // the target of /etc/resolv.conf, "" without a link
	Files            map[string]string // "device:inode" of the unchanged folders, by the path in the view
	Dir              string            // the folder for the command
	Terminal         bool              // the command is to have a terminal of its own
	ProcFiles        []string          // read-only files below /proc
	User             string            // on Windows: the SID of this process's user
	Privileges       string            // on Windows: the privileges of this process
	Account          string            // on Windows: the SID of the account for the command
	Filtered         bool              // on Windows: filters are to keep the account off the network
	Memory           uint64            // of the machine, in bytes
	Tries            Tries             // on Windows: empty for an unrestricted command
}

// hides reports whether some files of the machine may not be read.
func (m Machine) hides() bool { return len(m.Readable) > 0 && m.Readable[0] != "/" }

// namespaces pairs the restrictions with the names in /proc/PID/ns.
var namespaces = []struct {
	restriction refusal.Restriction
	name        string
}{
	{refusal.UserNamespace, "user"},
	{refusal.PIDNamespace, "pid"},
	{refusal.MountNamespace, "mnt"},
	{refusal.NetworkNamespace, "net"},
	{refusal.IPCNamespace, "ipc"},
	{refusal.UTSNamespace, "uts"},
	{refusal.CgroupNamespace, "cgroup"},
}

// NamespaceNames lists the names in /proc/PID/ns for the comparison.
func NamespaceNames() []string {
	var out []string
	for _, n := range namespaces {
		out = append(out, n.name)
	}
	return out
}

// noCaps is an empty capability set as /proc/PID/status writes it.
const noCaps = "0000000000000000"

// Expect returns the expectations for a start under p. An unset mode expects a fact that
// nobody measures, and the start is never proven.
func Expect(p policy.Policy, m Machine) []Expectation {
	switch {
	case p.Mode == policy.ModeUnset || p.Mode > policy.ModeDangerFullAccess:
		return []Expectation{{Restriction: refusal.UserNamespace, Fact: "a mode", Want: "set"}}
	case m.OS == "windows":
		return expectWindows(p, m)
	case p.Mode == policy.ModeDangerFullAccess:
		return expectUnconfined(m)
	case m.NoUserNamespaces:
		return expectLandlocked(p, m)
	default:
		// The order is from causes to consequences. Seccomp comes first: without the
		// filter the trials spoil the id maps. Mounts come before the trials on them.
		return slices.Concat(expectSeccomp(p, m), expectNamespaces(p, m), expectIdentity(m), expectCommand(m), expectLimits(p, m), expectView(p, m), expectTrials(p, m), expectInit(p, m))
	}
}

// expectUnconfined returns the expectations without restrictions: the host's namespaces,
// and a tree that ends with us.
func expectUnconfined(m Machine) []Expectation {
	var out []Expectation
	for _, n := range namespaces {
		out = append(out, Expectation{Restriction: refusal.HostNamespaces, Fact: Fact("command.ns." + n.name), Want: m.Namespaces[n.name]})
	}
	out = append(out, expectIdentity(m)...)
	if m.Terminal {
		out = append(out, expectTerminal)
	}
	return append(out,
		Expectation{Restriction: refusal.Descriptors, Fact: "command.fds", Want: "0 1 2 3+cloexec"},
		expectDir(m),
		Expectation{Restriction: refusal.Session, Fact: "command.session", Want: "own"},
		Expectation{Restriction: refusal.Tree, Fact: "trial.parent-death signal", Want: "9"},
		Expectation{Restriction: refusal.Tree, Fact: "trial.subreaper", Want: "1"},
		Expectation{Restriction: refusal.InitDescriptors, Fact: "init.fds", Want: "4+cloexec 5+cloexec"},
	)
}

// IdentityKeys lists the lines of /proc/PID/status with a process's user and groups.
func IdentityKeys() []string { return []string{"Uid", "Gid", "Groups"} }

// expectIdentity expects the caller's present user and groups, not the user and groups of
// the time at which the gate was opened.
func expectIdentity(m Machine) []Expectation {
	var out []Expectation
	for _, key := range IdentityKeys() {
		out = append(out, Expectation{Restriction: refusal.Identity, Fact: Fact("command.status." + key), Want: m.Identity[key]})
	}
	return out
}

// expectTerminal expects one terminal of the view's own /dev/pts as all standard streams,
// and as the controlling terminal of the command's session.
var expectTerminal = Expectation{Restriction: refusal.Terminal, Fact: "command.terminal", Want: "of the view, controlling"}

func expectDir(m Machine) Expectation {
	return Expectation{Restriction: refusal.WorkingDir, Fact: "command.working directory", Want: m.Dir}
}

func expectNamespaces(p policy.Policy, m Machine) []Expectation {
	var out []Expectation
	for _, n := range namespaces {
		if n.restriction == refusal.NetworkNamespace && p.NetworkOpen() {
			out = append(out, Expectation{Restriction: refusal.HostNetwork, Fact: "command.ns.net", Want: m.Namespaces["net"]})
			continue
		}
		out = append(out, Expectation{Restriction: n.restriction, Fact: Fact("command.ns." + n.name), Want: m.Namespaces[n.name], Not: true})
	}
	for _, kind := range []struct {
		name string
		id   int
	}{{"uid", m.UID}, {"gid", m.GID}} {
		out = append(out, Expectation{Restriction: refusal.IDMaps, Fact: Fact("command." + kind.name + "_map"), Want: fmt.Sprintf("%d %d 1", kind.id, kind.id)})
	}
	return append(out, Expectation{Restriction: refusal.IDMaps, Fact: "command.setgroups", Want: "deny"})
}

func expectSeccomp(p policy.Policy, m Machine) []Expectation {
	out := []Expectation{
		{Restriction: refusal.Seccomp, Fact: "command.status.Seccomp", Want: "2"},
		{Restriction: refusal.Seccomp, Fact: "command.status.Seccomp_filters", Want: strconv.Itoa(m.SeccompFilters + 1)},
	}
	if !p.NetworkOpen() && m.LandlockABI < unixABI {
		// The trial of reaching the host makes one connect.
		out = append(out, Expectation{Restriction: refusal.HostSockets, Fact: "connects that came to us", Want: "1"})
	}
	return out
}

func expectCommand(m Machine) []Expectation {
	out := []Expectation{
		{Restriction: refusal.NoNewPrivs, Fact: "command.status.NoNewPrivs", Want: "1"},
		{Restriction: refusal.Descriptors, Fact: "command.fds", Want: "0 1 2 3+cloexec"},
		{Restriction: refusal.Session, Fact: "command.session", Want: "own"},
		{Restriction: refusal.Tree, Fact: "trial.parent-death signal", Want: "9"},
		{Restriction: refusal.Securebits, Fact: "trial.securebits", Want: "239"}, // 0xef: all bits except keep_caps, and the locks of all
	}
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		out = append(out, Expectation{Restriction: refusal.Capabilities, Fact: Fact("command.status." + set), Want: noCaps})
	}
	return append(out, expectOwn(m)...)
}

// expectOwn expects a terminal and a keyring of the command's own, if the start has them.
func expectOwn(m Machine) (out []Expectation) {
	if m.Terminal {
		out = append(out, expectTerminal)
	}
	if _, ok := errnoNames[m.Keyring]; !ok {
		out = append(out, Expectation{Restriction: refusal.Keyring, Fact: "trial.session keyring", Want: m.Keyring, Not: true})
	}
	return out
}

// errnoNames are the answers of keyctl on a system without keyctl, or with a filter that
// denies keyctl. The command can't call keyctl either.
var errnoNames = map[string]bool{"ENOSYS": true, "EPERM": true}

// expectView returns the expectations for each replaced path, and that nothing else can
// be written. The replaced paths come first, for the verdict to name a missing mount.
func expectView(p policy.Policy, m Machine) []Expectation {
	writes := p.Mode == policy.ModeWorkspaceWrite
	var out []Expectation
	writable, proc := []string{"/dev/pts", "/proc"}, "proc lockstile rw"
	if m.SharedProc {
		writable, proc = []string{"/dev/pts"}, "bind ro"
	}
	see := func(at, what string, w bool) {
		flag := "ro"
		if w {
			flag = "rw"
			writable = append(writable, at)
		}
		out = append(out, Expectation{Restriction: refusal.Mount(at), Fact: Fact("command.mount." + at), Want: what + " " + flag})
	}
	fresh := func(at, kind string, w bool) { see(at, kind+" lockstile", w) }
	same := func(at string, w bool) {
		see(at, "bind", w)
		out = append(out, Expectation{Restriction: refusal.Mount(at), Fact: Fact("command.file." + at), Want: m.Files[at]})
	}
	out = append(out,
		Expectation{Restriction: refusal.ReadOnlyRoot, Fact: "trial.write to the root", Want: "EROFS"},
		Expectation{Restriction: refusal.Mount("/proc"), Fact: "command.mount./proc", Want: proc},
		Expectation{Restriction: refusal.Mount("/dev/pts"), Fact: "command.mount./dev/pts", Want: "devpts lockstile rw"})
	for _, file := range m.ProcFiles {
		out = append(out, Expectation{Restriction: refusal.Mount(file), Fact: Fact("command.mount." + file), Want: "proc lockstile" + strings.TrimPrefix(file, "/proc") + " ro"})
	}
	fresh("/dev", "tmpfs", true) // only Landlock guards /dev: a trial can show that Landlock holds
	fresh("/dev/shm", "tmpfs", writes)
	fresh("/run", "tmpfs", writes)
	temp := func(at string, excluded bool) {
		if writes && !excluded {
			same(at, true)
		} else {
			fresh(at, "tmpfs", false)
		}
	}
	temp("/tmp", p.ExcludeSlashTmp)
	replaced := []string{"/proc", "/dev", "/run", "/tmp"}
	if m.TempDir != "" && !below(m.TempDir, p.Workspace) && !slices.Contains(replaced, m.TempDir) {
		temp(m.TempDir, p.ExcludeTmpdirEnvVar)
		replaced = append(replaced, m.TempDir)
	}
	if r := m.Resolver; p.NetworkOpen() && below(r, replaced...) {
		same(r, false)
	}
	for _, root := range roots(p) {
		if writes || below(root, replaced...) && !slices.Contains(replaced, root) {
			same(root, writes)
		}
	}
	if writes {
		for _, dir := range Pinned(p, m.Protected) {
			same(dir, true)
		}
		for _, path := range m.Protected {
			see(path, "bind", false)
		}
	}
	here := func(at string) bool { return !below(at, replaced...) || writes && below(at, roots(p)...) }
	hidden := func(at, what string) {
		out = append(out, Expectation{Restriction: refusal.HiddenFiles, Fact: Fact("command.mount." + at), Want: what + " ro"})
	}
	for _, dir := range m.Hidden {
		if here(dir) {
			hidden(dir, "tmpfs lockstile")
		}
	}
	for _, file := range m.HiddenFiles {
		if here(file) {
			hidden(file, "tmpfs lockstile/.lockstile-empty")
		}
	}
	for _, at := range m.Shown {
		if !slices.Contains(roots(p), at) {
			hidden(at, "bind")
			out = append(out, Expectation{Restriction: refusal.HiddenFiles, Fact: Fact("command.file." + at), Want: m.Files[at]})
		}
	}
	if !below(p.Home, replaced...) && !below(p.Home, m.Hidden...) {
		fresh(p.Home, "tmpfs", false)
	}
	slices.Sort(writable)
	return append(out,
		expectDir(m), // after the mounts: if a mount is missing, the folder is beneath the view
		Expectation{Restriction: refusal.ReadOnlyRoot, Fact: "command.writable mounts", Want: strings.Join(writable, " ")},
		Expectation{Restriction: refusal.Propagation, Fact: "command.propagation", Want: "unbindable"})
}

// Pinned lists the folders between the writable roots and the protected paths, without
// repeats. A command that could rename such a folder could put another in its place.
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

// roots returns the policy's folders, without folders below another root.
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
