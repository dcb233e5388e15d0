package plan

import (
	"slices"
	"sync"
)

// Rule is the filter's answer to one system call. A call without a rule is allowed: the
// other layers decide about the objects of a call. The filter takes away kernel
// interfaces that a confined program has no business with.
type Rule struct {
	Call  string `json:"call"`
	Errno string `json:"errno"`          // the answer, an error that also occurs on ordinary systems
	Arg   int    `json:"arg,omitempty"`  // the tested argument, if Match is set
	Match Match  `json:"match,omitzero"` // the zero value matches every call
	Only  []Cond `json:"only,omitempty"`
	// AndAnyBit restricts the rule to calls with at least one of these bits in argument
	// AndArg.
	AndArg    int    `json:"and_arg,omitempty"`
	AndAnyBit uint32 `json:"and_any_bit,omitempty"`
	// Supervise hands the call to the supervisor, for making or refusing.
	Supervise bool `json:"supervise,omitempty"`
}

// Match is a test of an argument's low 32 bits.
type Match struct {
	AnyBit uint32   `json:"any_bit,omitempty"` // at least one bit is set
	OneOf  []uint32 `json:"one_of,omitempty"`
	NotIn  []uint32 `json:"not_in,omitempty"`
}

// Cond narrows a match: if the rule's argument is If, argument Arg under Mask must be one
// of Values.
type Cond struct {
	If     uint32   `json:"if"`
	Arg    int      `json:"arg"`
	Mask   uint32   `json:"mask"`
	Values []uint32 `json:"values"`
}

// Numbers of Linux in the rules; the same on amd64 and arm64.
const (
	cloneNewAny  = 0x7e020000 // NEWNS, CGROUP, UTS, IPC, USER, PID, NET; NEWTIME lies in clone's exit signal
	tiocsti      = 0x5412     // puts input into a terminal
	tioclinux    = 0x541c     // pastes into a console
	setLease     = 1024       // F_SETLEASE
	notify       = 1026       // F_NOTIFY
	afUnix       = 1
	afInet       = 2
	afInet6      = 10
	afNetlink    = 16
	netlinkRoute = 0
	sockStream   = 1
	sockSeq      = 5
	sockTypes    = 0xf // without flags
	every        = 1<<32 - 1
	theInit      = 1 // the pid of the init inside the sandbox
	setUser      = 0o4000
	setAny       = 0o6000
	creates      = 0x40 | 0x400000 // O_CREAT, and O_TMPFILE's own bit, of open(2)
)

// All starts share the rules, with the network and without; nobody may change the slices.
var (
	networkRules = sync.OnceValue(func() []Rule { return slices.Concat(makeRules(false), setUserRules()) })
	offlineRules = sync.OnceValue(func() []Rule { return slices.Concat(makeRules(true), setUserRules()) })
)

// rulesFor returns the rules for starts with supervised connects, or without supervision.
func rulesFor(supervised bool) []Rule {
	if supervised {
		return offlineRules()
	}
	return networkRules()
}

// setUserRules keep a command from leaving files by which another account of the machine
// becomes the command's user (inode(7), S_ISUID). For chmod the rules deny only the
// user's bit, since programs set the group's bit on folders (git init --shared). openat2
// has its mode in memory, out of the filter's reach; programs fall back to openat.
func setUserRules() []Rule {
	mode := func(call string, arg int, bits uint32) Rule {
		return Rule{Call: call, Errno: "EPERM", Arg: arg, Match: Match{AnyBit: bits}}
	}
	making := func(call string, arg, flags int) Rule {
		r := mode(call, arg, setAny)
		r.AndArg, r.AndAnyBit = flags, creates
		return r
	}
	return []Rule{
		mode("chmod", 1, setUser), mode("fchmod", 1, setUser), mode("fchmodat", 2, setUser), mode("fchmodat2", 2, setUser),
		mode("creat", 1, setAny), mode("mknod", 1, setAny), mode("mknodat", 2, setAny),
		making("open", 2, 1), making("openat", 3, 2), {Call: "openat2", Errno: "ENOSYS"},
	}
}

// makeRules returns the rules for all starts. With offline, the host's Unix sockets are
// out of reach too: datagram sockets can't be made, since datagrams need no connect, and
// the supervisor makes all connects.
func makeRules(offline bool) []Rule {
	var rules []Rule
	netlink := Cond{If: afNetlink, Arg: 2, Mask: every, Values: []uint32{netlinkRoute}}
	var sockets, pairs []Cond
	if offline {
		connected := Cond{If: afUnix, Arg: 1, Mask: sockTypes, Values: []uint32{sockStream, sockSeq}}
		sockets, pairs = []Cond{connected}, []Cond{connected}
		rules = append(rules, Rule{Call: "connect", Supervise: true})
	}
	deny := func(errno string, calls ...string) {
		for _, c := range calls {
			rules = append(rules, Rule{Call: c, Errno: errno})
		}
	}
	// Mounts, namespaces and other people's roots.
	deny("EPERM", "mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
		"fspick", "mount_setattr", "open_tree_attr", "unshare", "setns", "open_by_handle_at")
	// Kernel interfaces with a history, and none of a build's business.
	deny("EPERM", "bpf", "perf_event_open", "userfaultfd", "add_key", "request_key", "keyctl",
		"io_uring_setup", "io_uring_enter", "io_uring_register", "fanotify_init")
	// The machine itself.
	deny("EPERM", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon",
		"swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "settimeofday", "clock_settime",
		"vhangup", "nfsservctl", "lookup_dcookie")
	// The flags of clone3 are out of a filter's reach; after ENOSYS libc uses clone.
	deny("ENOSYS", "clone3")
	// The init belongs to the command's user, and the kernel checks nothing else here.
	// The command must not slow down the init, nor take away the descriptors for the
	// sweep.
	for _, c := range []string{"sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity", "migrate_pages", "move_pages"} {
		rules = append(rules, Rule{Call: c, Errno: "EPERM", Arg: 0, Match: Match{OneOf: []uint32{theInit}}})
	}
	for _, c := range []string{"setpriority", "ioprio_set"} {
		rules = append(rules, Rule{Call: c, Errno: "EPERM", Arg: 1, Match: Match{OneOf: []uint32{theInit}}})
	}
	return append(rules,
		// Whoever opens a file waits for the holder of a lease, and a lease needs no right
		// to write. F_NOTIFY watches folders past the limits of inotify.
		Rule{Call: "fcntl", Errno: "EACCES", Arg: 1, Match: Match{OneOf: []uint32{setLease, notify}}},
		Rule{Call: "prlimit64", Errno: "EPERM", Arg: 0, Match: Match{NotIn: []uint32{0}}},
		Rule{Call: "clone", Errno: "EPERM", Arg: 0, Match: Match{AnyBit: cloneNewAny}},
		Rule{Call: "ioctl", Errno: "EPERM", Arg: 1, Match: Match{OneOf: []uint32{tiocsti, tioclinux}}},
		Rule{Call: "socket", Errno: "EAFNOSUPPORT", Arg: 0, Match: Match{NotIn: []uint32{afUnix, afInet, afInet6, afNetlink}},
			Only: append(sockets, netlink)},
		Rule{Call: "socketpair", Errno: "EAFNOSUPPORT", Arg: 0, Match: Match{NotIn: []uint32{afUnix, afInet, afInet6}}, Only: pairs},
	)
}
