package plan

import (
	"slices"
	"sync"

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
// folder, or show a private folder. So the plan lets the command write nowhere.
func (out *Plan) compileLandlocked(p policy.Policy, f host.Facts) error {
	switch {
	case p.Mode != policy.ModeReadOnly:
		return refuse(refusal.CodeUnsupported, refusal.UserNamespace,
			"this machine gives no user namespaces, and without them only read-only can be enforced", f.Place.AllowNamespaces())
	case f.LandlockABI < leastScoped:
		return refuse(refusal.CodeUnsupported, refusal.Landlock,
			"this machine gives no user namespaces, and its Landlock is too old to hold alone", "use Linux 6.12 or newer; or: "+f.Place.AllowNamespaces())
	}
	out.Log = p.Home + "/sandbox.log"
	out.Rung, out.Seccomp = Landlocked, landlockedRules()
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

// landlockedRules stand in for namespaces and the view, as far as the filter can: no
// socket that leads out, no change that Landlock has no right for, no access to any other
// process.
var landlockedRules = sync.OnceValue(func() []Rule {
	ours := []string{"connect", "socket", "socketpair", "ioctl", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity",
		"migrate_pages", "move_pages", "setpriority", "ioprio_set"}
	rules := slices.DeleteFunc(makeRules(true), func(r Rule) bool { return slices.Contains(ours, r.Call) })
	deny := func(errno string, calls ...string) {
		for _, c := range calls {
			rules = append(rules, Rule{Call: c, Errno: errno})
		}
	}
	deny("EACCES", "connect", "bind")
	deny("EROFS", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat", "utimensat",
		"setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr")
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
})

// Of ioctl(2): FS_IOC_SETFLAGS, of 32-bit programs too, and FS_IOC_FSSETXATTR.
const (
	setFlags      = 0x40086602
	setFlags32    = 0x40046602
	setAttributes = 0x401c5820
)
