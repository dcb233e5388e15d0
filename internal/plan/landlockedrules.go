package plan

import (
	"slices"
	"sync"
)

// landlockedRules stand in for namespaces and the view, as far as the filter can: no
// socket that leads out, no change that Landlock has no right for, no access to any other
// process. A command that writes needs modes and times: the filter can't tell whose file it
// is, and so the command may change those of each file of the user, but make no
// set-user-ID file.
func landlockedRules(writes bool) []Rule {
	if writes {
		return landlockedWriting()
	}
	return landlockedReading()
}

// All starts share the rules; nobody may change the slices.
var (
	landlockedReading = sync.OnceValue(func() []Rule { return makeLandlocked(false) })
	landlockedWriting = sync.OnceValue(func() []Rule { return slices.Concat(makeLandlocked(true), setUserRules()) })
)

func makeLandlocked(writes bool) []Rule {
	ours := []string{"connect", "socket", "socketpair", "ioctl", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity",
		"migrate_pages", "move_pages", "setpriority", "ioprio_set"}
	rules := slices.DeleteFunc(makeRules(true), func(r Rule) bool { return slices.Contains(ours, r.Call) })
	deny := func(errno string, calls ...string) {
		for _, c := range calls {
			rules = append(rules, Rule{Call: c, Errno: errno})
		}
	}
	deny("EACCES", "connect", "bind")
	if !writes {
		deny("EROFS", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat", "utimensat",
			"setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr")
	}
	deny("ENOSYS", "shmget", "shmat", "msgget", "semget", "mq_open")
	for _, c := range []string{"sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity", "migrate_pages", "move_pages"} {
		rules = append(rules, Rule{Call: c, Errno: "EPERM", Arg: 0, Match: Match{NotIn: []uint32{0}}})
	}
	// Only for the caller, with number 0: kind 0 of setpriority means a process
	// (PRIO_PROCESS), kind 1 of ioprio_set is IOPRIO_WHO_PROCESS.
	self := func(call string, kind uint32) Rule {
		return Rule{Call: call, Errno: "EPERM", Arg: 1, Match: Match{NotIn: []uint32{0}}, Only: []Cond{{If: 0, Arg: 0, Mask: every, Values: []uint32{kind}}}}
	}
	connected := []Cond{{If: afUnix, Arg: 1, Mask: sockTypes, Values: []uint32{sockStream, sockSeq}}}
	return append(rules, self("setpriority", 0), self("ioprio_set", 1),
		Rule{Call: "socket", Errno: "EAFNOSUPPORT", Arg: 0, Match: Match{NotIn: []uint32{afUnix}}, Only: connected},
		Rule{Call: "socketpair", Errno: "EAFNOSUPPORT", Arg: 0, Match: Match{NotIn: []uint32{afUnix}}, Only: connected},
		Rule{Call: "ioctl", Errno: "EPERM", Arg: 1, Match: Match{OneOf: []uint32{tiocsti, tioclinux, setFlags, setFlags32, setAttributes}}},
	)
}

// Of ioctl(2): FS_IOC_SETFLAGS, of 32-bit programs too, and FS_IOC_FSSETXATTR.
const (
	setFlags      = 0x40086602
	setFlags32    = 0x40046602
	setAttributes = 0x401c5820
)
