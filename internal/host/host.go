// Package host reads facts of the machine: the kernel's interfaces, and our own user.
// Package host must never change anything outside, start a process, or decide about the
// meaning of a missing fact for a start.
package host

import (
	"slices"

	"github.com/lockstile/lockstile/internal/containers"
	"github.com/lockstile/lockstile/internal/trail"
)

// Facts holds the machine's facts for a plan. The zero value is a machine that can
// enforce nothing.
type Facts struct {
	OS, Arch string
	UID, GID int
	Kernel
	Shares
	Folders
	Accounts
	Missing Missing // as earlier starts found out

	Place containers.Place // only for a machine with something missing: for its mend
}

// Kernel lists abilities of Linux.
type Kernel struct {
	LandlockABI    int      // 0: no Landlock
	KillableNotify bool     // a seccomp listener can keep signals out of a call after its notification
	LastCap        int      // number of the kernel's last capability
	Keyring        bool     // keyctl(2) can be called
	OwnPIDMax      bool     // a pid namespace has a kernel.pid_max of its own
	Cgroup         string   // the folder for a new cgroup with bounds on memory and processes; "" for none
	ProcFiles      []string // existing files and folders below /proc that change the machine
}

// Shares are the machine's memory, and the most that our user may have.
type Shares struct {
	Memory        uint64 // of the machine, in bytes; 0 if unknown
	MostProcesses uint64 // our hard RLIMIT_NPROC
	MostCore      uint64 // our hard RLIMIT_CORE, in bytes
	Pools         Pools  // shared by all processes of our user
}

// Folders are the folders and names that a view treats apart.
type Folders struct {
	UserHome  string            // the result of UserHome
	TempDir   string            // canonical TMPDIR; "" if unset, or no folder
	Resolver  string            // the target of /etc/resolv.conf, if a link
	Names     string            // the file with the name servers, without links; "" for none
	Sockets   []string          // Unix sockets that commands may reach and that are there, without links
	Absent    []Absent          // absent trusted names, in writable roots
	Protected []string          // files and folders in writable roots that programs of the host trust
	Deciding  []string          // names in writable roots that decide about the next start
	Leads     map[string]string // for names of Protected that are trusted because of another file: the file
	Hidden    Hidden            // files and folders that may not be read
	Git       Git               // of the workspace
	Loopback  string            // the network namespace of the client; "" for one of the command's own
	Caches    Caches            // of build tools
}

// Caches are the private caches of the command. The zero value has none.
type Caches struct {
	Folder string      // the seat: the folder with the private folders; "" for none
	Places []Cache     // places that a private folder lies over
	Own    []OwnCache  // private folders of our own
	Left   []LeftCache // places that the command can't write, with the reason
}

// Cache is a private folder over a place of the host.
type Cache struct {
	Name  string
	Path  string // on the host, and in the view
	Store string // the name of the private folder
}

// OwnCache is a private folder without a place of the host, and the variable that leads a
// tool to the folder.
type OwnCache struct{ Name, Variable string }

// LeftCache is a place that is left out, with the reason.
type LeftCache struct{ Name, Why string }

// Git is the git directory that is served to the command. The zero value is a workspace
// without a repository.
type Git struct {
	Dir  string // "" for none
	Own  string // "worktrees/N", if the workspace is a linked worktree
	Why  string // why the workspace's repository is not served
	None bool   // the workspace has no .git, or one that a running command has made
}

// Accounts are SIDs on Windows, "" without setup.
type Accounts struct {
	UserSID    string // our user
	OfflineSID string // the account for commands without a network
	OnlineSID  string // the account for commands with a network
	GroupSID   string // the group of the two
}

// procControls are the places below /proc by which a file's owner changes the machine;
// user 0 needs no capability for writing there (runc's list of read-only paths, and files
// of drivers).
var procControls = []string{"acpi", "asound", "bus", "fs", "irq", "mtrr", "scsi", "sys", "sysrq-trigger"}

// Pools are resources that all processes of a user share, with the most of each; 0 if
// unreadable.
type Pools struct {
	Inotify int64  // instances, fs.inotify.max_user_instances
	Watches int64  // fs.inotify.max_user_watches
	Signals uint64 // queued, RLIMIT_SIGPENDING
	Queues  uint64 // bytes of POSIX message queues, RLIMIT_MSGQUEUE
	Share   int    // the number of the start's share: package shares
}

// Absent lists trusted names that a folder doesn't have.
type Absent struct {
	Dir   string   `json:"dir"`
	ID    trail.ID `json:"-"`    // of the folder
	Mode  uint32   `json:"mode"` // of the folder, in chmod(2)'s form
	Names []string `json:"names"`
	Bare  string   `json:"bare,omitempty"` // the name without which the folder is no bare repository, absent too; "" for none
}

// BareParts are the names that make a folder a repository to git (gitrepository-layout(5)).
var BareParts = []string{"HEAD", "objects", "refs"}

// Missing lists abilities that starts found missing. No fact shows them beforehand.
type Missing struct {
	FreshProc      bool // parts of /proc are masked, as in containers: no other can be mounted
	UserNamespaces bool // no user namespace can be made, or a new one has no capabilities
	Cgroup         bool // a cgroup could not be made in the found folder
	FUSE           bool // a file system of ours can't be mounted in a user namespace
	Overlay        bool // no overlay can be mounted in a user namespace
	Exhausted      bool // namespaces of the user are used up: the machine has some
}

// Hidden lists the unreadable part of the machine's files. The zero value hides nothing.
type Hidden struct {
	Covered  []Covered // existing hidden paths, in the order of a walk
	Shown    []Covered // paths within Covered that may be read after all
	Readable []string  // the rest, by its uppermost folders; a file in none of them may not be read either
}

// Covered is a file or a folder.
type Covered struct {
	Path string
	Dir  bool
}

// Covers reports whether a cover stands over a path without a root between cover and
// path: a root in a covered folder is shown again with all its content.
func (h Hidden) Covers(path string, roots []string) bool {
	return slices.ContainsFunc(h.Covered, func(c Covered) bool {
		return trail.Within(path, c.Path) && !slices.ContainsFunc(roots, func(root string) bool { return trail.Within(path, root) && trail.Within(root, c.Path) })
	})
}

// Shows reports whether a path lies in a part of a hidden folder that is shown again.
func (h Hidden) Shows(path string) bool {
	return slices.ContainsFunc(h.Shown, func(c Covered) bool { return trail.Within(path, c.Path) })
}
