// Package host finds out facts about this machine: which kernel interfaces are
// there and who we are on it. It reads and asks; it must never change anything
// outside, start a process, or decide what a missing fact means for a start.
package host

import (
	"slices"
	"strings"
)

// Facts is what the plan needs to know about the machine. The zero value is a
// machine that can enforce nothing.
type Facts struct {
	OS, Arch       string
	UID, GID       int
	LandlockABI    int      // 0: no Landlock
	KillableNotify bool     // a seccomp listener can keep signals out of a call that it was told of
	LastCap        int      // number of the last capability that the kernel knows
	Keyring        bool     // keyctl(2) can be called
	ProcFiles      []string // what is there of the files and folders below /proc that change the machine
	Absent         []Absent // trusted names that are not there, in writable roots
	Protected      []string // files and folders in writable roots that programs of the host trust
	Hidden         Hidden   // what may not be read
	Missing        Missing  // what turned out to be missing here
	UserHome       string   // what UserHome says
	TempDir        string   // canonical TMPDIR; empty where it is unset, or no folder
	UserSID        string   // on Windows: who we are
	Memory         uint64   // how much the machine has, in bytes; 0 where it does not tell
	MostProcesses  uint64   // what RLIMIT_NPROC lets us have at most
	MostCore       uint64   // what RLIMIT_CORE lets us have at most
	Pools          Pools    // what all processes of our user share
	OwnPIDMax      bool     // a pid namespace has a kernel.pid_max of its own
	Cgroup         string   // where a cgroup that bounds memory and processes can be made; "" where none can
	OfflineSID     string   // on Windows: the account for commands without a network; "" where there is none
	OnlineSID      string   // on Windows: the account for those with it
	GroupSID       string   // on Windows: the group of the two
	Resolver       string   // the file that /etc/resolv.conf leads to, where it is another one
}

// procControls are the places below /proc by which a file's owner changes the
// machine; user 0 needs no capability for them (runc's list of read-only paths,
// and the files that drivers add).
var procControls = []string{"acpi", "asound", "bus", "fs", "irq", "mtrr", "scsi", "sys", "sysrq-trigger"}

// Pools are what all processes of a user share, with the most that there may be of each;
// 0 where it can't be read.
type Pools struct {
	Inotify int64  // instances, fs.inotify.max_user_instances
	Watches int64  // fs.inotify.max_user_watches
	Signals uint64 // that are queued, RLIMIT_SIGPENDING
	Queues  uint64 // bytes of POSIX message queues, RLIMIT_MSGQUEUE
}

// Absent are names that programs of the host trust and that a folder doesn't have.
type Absent struct {
	Dir   string   `json:"dir"`
	Mode  uint32   `json:"mode"` // of the folder, as chmod(2) takes it
	Names []string `json:"names"`
}

// Missing is what a machine can't do, as starts have found out. Nothing tells it before.
type Missing struct {
	FreshProc      bool // parts of /proc are masked, as in containers: no other can be mounted
	UserNamespaces bool // none can be made, or they have no capabilities
	Cgroup         bool // none could be made where one should
}

// Hidden is what of the machine's files may not be read. The zero value hides nothing.
type Hidden struct {
	Covered  []Covered // what is there of it, in the order of a walk
	Shown    []Covered // what of that may be read after all
	Readable []string  // all else, by its uppermost folders; what is in none of them may not be read either
}

// Covered is a file or a folder.
type Covered struct {
	Path string
	Dir  bool
}

// Covers reports whether a cover stands over a path, with none of the roots between
// them: a root that lies in a covered folder is shown again with all that it holds.
func (h Hidden) Covers(path string, roots []string) bool {
	return slices.ContainsFunc(h.Covered, func(c Covered) bool {
		return below(path, c.Path) && !slices.ContainsFunc(roots, func(root string) bool { return below(path, root) && below(root, c.Path) })
	})
}

// below reports whether a clean path is dir or lies in it.
func below(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
