package attest

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Machine has the facts of this process and of the host, measured before the start. The
// confined process is compared with the Machine.
type Machine struct {
	OS string
	Caller
	Kernel
	Shares
	Folders
	Asked
	Windows
}

// Caller is this process.
type Caller struct {
	UID, GID       int
	Identity       map[string]string // Uid, Gid and Groups of the thread, as /proc/PID/status writes the lines
	Namespaces     map[string]string // by the names in /proc/self/ns
	SeccompFilters int               // in force already
	Keyring        string            // serial of the session keyring, or an errno name
}

// Kernel has the features of Linux on the machine.
type Kernel struct {
	LandlockABI      int
	LastCap          int
	NoUserNamespaces bool     // Landlock and the filter hold alone
	Loopback         string   // the network namespace that the client's commands share, "" for one of the command's own
	SharedProc       bool     // the view's /proc is the caller's, read-only
	OwnPIDMax        bool     // a pid namespace has an own kernel.pid_max
	Cgroup           bool     // a cgroup that bounds memory and processes can be made
	ProcFiles        []string // the files below /proc that become read-only
}

// Shares are the resources that all processes of the caller's user share.
type Shares struct {
	Memory           uint64 // the machine's, in bytes
	MostProcesses    uint64 // RLIMIT_NPROC
	MostCore         uint64 // RLIMIT_CORE, in bytes
	Inotify, Watches int64
	Signals, Queues  uint64
	Share            int // how many greater shares other starts may have
}

// Folders are the folders and files that the view treats apart.
type Folders struct {
	TempDir     string            // canonical TMPDIR of the command, "" for none; on Windows its own temporary folder
	Resolver    string            // the file that /etc/resolv.conf leads to, "" for itself
	Names       string            // the file with the name servers, "" for none
	Sockets     []string          // Unix sockets of the host that the command may reach
	Protected   []string          // names that must not be written within the writable roots
	Special     []string          // those of Protected that are neither a file, a folder nor a link
	Swept       []string          // folders within the writable roots in which names must not appear
	Git         string            // the git directory that is served to the command, "" for none
	Caches      []Cache           // caches of the host with a private folder above
	OwnCaches   string            // the folder in the view for the other caches, "" for none
	Hidden      []string          // folders with a cover
	HiddenFiles []string          // files with a cover
	Shown       []string          // parts of both that are shown again
	Readable    []string          // folders and files that may be read, "/" for all
	Scratch     string            // without a view: the command's folder for temporary files, "" for none
	Files       map[string]string // "device:inode" of host folders in the view, by the path in the view
}

// Cache is a cache of the host, and the private folder for what the command writes there.
type Cache struct{ Path, Upper string }

// Guarded lists the protected names, the git directory, and a name in each folder in which
// names must not appear.
func (f Folders) Guarded() []string {
	var out []string
	if f.Git != "" {
		out = append(out, f.Git)
	}
	for _, dir := range f.Swept {
		out = append(out, dir+"/NAME")
	}
	return append(out, f.Protected...)
}

// Asked has the command's properties from the request.
type Asked struct {
	Dir      string // the working directory
	Terminal bool   // a terminal of the command's own
}

// Windows has the facts of Windows alone.
type Windows struct {
	User       string // the SID of this process's user
	Privileges string // of the process
	Account    string // the SID of the account that the command is to run as
	Filtered   bool   // filters are to keep the account off the network
	Tries      Tries  // none where nothing is restricted
}

// supervised reports whether the supervisor makes the connects of a command without a
// network.
func (m Machine) supervised(p policy.Policy) bool {
	return m.LandlockABI < unixABI || m.Loopback != "" || p.NetworkByName() || len(p.Network.Sockets) > 0
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
		if n.restriction == refusal.NetworkNamespace && m.Loopback != "" {
			out = append(out, Expectation{Restriction: n.restriction, Fact: "command.ns.net", Want: m.Loopback})
		}
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
	if !p.NetworkOpen() && m.supervised(p) {
		connects := "1" // the trial of reaching the host
		if p.NetworkByName() {
			connects = "2" // and that of reaching the listener
		}
		out = append(out, Expectation{Restriction: refusal.HostSockets, Fact: "connects that came to us", Want: connects})
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
