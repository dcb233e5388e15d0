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

// Machine is what is true of us and of the host, measured before the start: the
// confined process is compared with it.
type Machine struct {
	OS               string
	UID, GID         int
	Identity         map[string]string // Uid, Gid and Groups of this thread, as /proc/PID/status has them
	Namespaces       map[string]string // of this process, by the names in /proc/self/ns
	SeccompFilters   int               // in force on this process already
	LandlockABI      int
	LastCap          int
	NoUserNamespaces bool              // Landlock and the filter hold alone
	SharedProc       bool              // the view's /proc is ours, read-only
	MostProcesses    uint64            // what we may have
	MostCore         uint64            // how large a core we may have
	OwnPIDMax        bool              // a pid namespace has a kernel.pid_max of its own
	Inotify, Watches int64             // of a user's, together
	Signals, Queues  uint64            // the same
	Cgroup           bool              // one that bounds memory and processes can be made
	Keyring          string            // serial of our session keyring, or an errno name
	TempDir          string            // canonical TMPDIR of the command, "" for none; on Windows its own temporary folder
	Protected        []string          // what must not be written within the writable roots
	Hidden           []string          // folders that may not be read
	HiddenFiles      []string          // files that may not be
	Shown            []string          // what of both may be read after all
	Readable         []string          // the folders of which all but that may be, "/" for all
	Resolver         string            // the file that /etc/resolv.conf leads to, "" for itself
	Files            map[string]string // "device:inode" of the folders that are shown as they are, by their path in the view
	Dir              string            // where the command is to be
	Terminal         bool              // the command is to have one of its own
	ProcFiles        []string          // what there is to be made read-only below /proc
	User             string            // on Windows: the SID of this process's user
	Privileges       string            // on Windows: those of this process
	Account          string            // on Windows: the SID of the account that the command is to run as
	Filtered         bool              // on Windows: filters are to keep the account off the network
	Memory           uint64            // how much there is, in bytes
	Tries            Tries             // on Windows: none where nothing is restricted
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

// NamespaceNames lists the names in /proc/PID/ns that are compared.
func NamespaceNames() []string {
	var out []string
	for _, n := range namespaces {
		out = append(out, n.name)
	}
	return out
}

// noCaps is an empty capability set as /proc/PID/status writes it.
const noCaps = "0000000000000000"

// Expect lists what must be seen of a start under p. An unset mode expects a
// fact that nobody measures, so it is never proven.
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
		// What is missing first explains what is wrong later. Seccomp comes first:
		// without it the trials spoil the id maps. Where a mount is missing, a
		// trial on it goes wrong as well.
		return slices.Concat(expectSeccomp(p, m), expectNamespaces(p, m), expectIdentity(m), expectCommand(m), expectLimits(p, m), expectView(p, m), expectTrials(p, m), expectInit(p, m))
	}
}

// expectUnconfined: nothing is restricted, and the evidence says so. What is
// left is that the tree ends with us.
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

// IdentityKeys are the lines of /proc/PID/status that tell who a process is.
func IdentityKeys() []string { return []string{"Uid", "Gid", "Groups"} }

// expectIdentity: the command is whom its caller is now, not whom it was when the
// gate was opened.
func expectIdentity(m Machine) []Expectation {
	var out []Expectation
	for _, key := range IdentityKeys() {
		out = append(out, Expectation{Restriction: refusal.Identity, Fact: Fact("command.status." + key), Want: m.Identity[key]})
	}
	return out
}

// expectTerminal: the standard streams are one terminal of the view's own
// /dev/pts, and the command's session has it.
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
		// The trial that reaches for the host is one connect.
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
		{Restriction: refusal.Securebits, Fact: "trial.securebits", Want: "239"}, // 0xef: all but keep_caps, each with its lock
	}
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		out = append(out, Expectation{Restriction: refusal.Capabilities, Fact: Fact("command.status." + set), Want: noCaps})
	}
	return append(out, expectOwn(m)...)
}

// expectOwn: the terminal and the keyring are the command's own, where there are any.
func expectOwn(m Machine) (out []Expectation) {
	if m.Terminal {
		out = append(out, expectTerminal)
	}
	if _, ok := errnoNames[m.Keyring]; !ok {
		out = append(out, Expectation{Restriction: refusal.Keyring, Fact: "trial.session keyring", Want: m.Keyring, Not: true})
	}
	return out
}

// errnoNames are the answers of a keyctl that isn't there or may not be called;
// then the command can't call it either.
var errnoNames = map[string]bool{"ENOSYS": true, "EPERM": true}

// expectView says what each replaced path must be, and that nothing else can be
// written. The first part names the mount that is missing.
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
	fresh("/dev", "tmpfs", true) // Landlock alone guards it: so it can be tried
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
		expectDir(m), // after the mounts: where one is missing, it is beneath the view
		Expectation{Restriction: refusal.ReadOnlyRoot, Fact: "command.writable mounts", Want: strings.Join(writable, " ")},
		Expectation{Restriction: refusal.Propagation, Fact: "command.propagation", Want: "unbindable"})
}

// Pinned lists the folders between the writable roots and the protected paths,
// each once: if one could be renamed, another could take its name.
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
