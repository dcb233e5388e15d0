//go:build linux

package launcher

import (
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// handled lists the accesses that a version of Landlock can restrict, and the size of the
// version's struct landlock_ruleset_attr (landlock(7)). The launcher restricts all
// accesses except TCP: the network namespace keeps TCP inside, and loopback stays useful
// there.
func handled(abi int) (fs, scoped uint64, size int) {
	fs, size = 1<<13-1, 8 // the first version: execute to make-sym
	if abi >= 2 {
		fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		size = 16
	}
	if abi >= 5 {
		fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		scoped, size = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET|unix.LANDLOCK_SCOPE_SIGNAL, 24
	}
	return fs, scoped, size
}

const (
	accessRead   = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	accessDevice = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// rights returns the rights of Landlock for an access. READ_DIR on a file is EINVAL, and
// therefore the devices' access has no READ_DIR; the rule for "/" lets the terminals'
// folder be read.
func rights(a plan.Access, fs uint64) uint64 {
	switch a {
	case plan.AccessWrite:
		return fs
	case plan.AccessDevice:
		return accessDevice & fs
	case plan.AccessList:
		return accessRead &^ unix.LANDLOCK_ACCESS_FS_READ_FILE
	}
	return accessRead & fs
}

// keepsSockets reports whether the rule set must keep the command from other processes'
// Unix sockets.
func (w *writer) keepsSockets() bool {
	return w.plan.OwnSockets() && !leftOut(string(refusal.HostSockets))
}

// hostSocket makes a socket that counts as a socket of the host: the socket is older than
// the command's rule set. The init keeps the socket for the trial.
func (w *writer) hostSocket() {
	if !w.plan.OwnSockets() {
		return
	}
	at := w.restrict(refusal.HostSockets)
	address, _ := w.Bytes(socketAddress(plan.HostSocket))
	fd := at.Save("a socket not to be reached", tape.OK, unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	at.Do("bind it to "+plan.HostSocket, 0, unix.SYS_BIND, fd, address, unix.SizeofSockaddrUnix)
	w.unreached = at.Save("move it up", tape.OK, unix.SYS_FCNTL, fd, unix.F_DUPFD_CLOEXEC, 16)
}

// socketAddress is a struct sockaddr_un (unix(7)).
func socketAddress(path string) []byte {
	out := make([]byte, unix.SizeofSockaddrUnix)
	out[0] = unix.AF_UNIX
	copy(out[2:], path)
	return out
}

// landlock restricts the command to the plan's rules.
func (w *writer) landlock() {
	at := w.restrict(refusal.Landlock)
	fs, scoped, size := handled(w.plan.Landlock.ABI)
	sockets := uint64(0) // no rule grants sockets
	if w.keepsSockets() {
		sockets = unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
	}
	attr, _ := w.Words(fs|sockets, 0, scoped)
	set := at.Save("landlock rule set", tape.OK, unix.SYS_LANDLOCK_CREATE_RULESET, attr, size, 0)
	var files, trees []string
	for _, r := range w.plan.Landlock.Rules {
		if r.Access == plan.AccessFiles {
			files = append(files, r.Path)
			continue
		}
		if r.Access == plan.AccessTree {
			trees = append(trees, r.Path)
			continue
		}
		if w.plan.Rung == plan.Landlocked && r.Access == plan.AccessWrite && leftOut(string(refusal.Mount(r.Path))) {
			continue // without a view the rule alone makes the root writable
		}
		// struct landlock_path_beneath_attr, packed: u64 rights, s32 descriptor.
		rule, slot := w.Words(rights(r.Access, fs), 0)
		fd := slot + 8
		at.Into(fd, "open "+r.Path, tape.OK, unix.SYS_OPENAT, cwd, r.Path, unix.O_PATH|unix.O_CLOEXEC, 0)
		at.Do("landlock rule for "+r.Path, 0, unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, rule, 0)
		at.Do("close", 0, unix.SYS_CLOSE, fd)
	}
	// A path that has gone, or has become a link, since the survey is left out: fewer
	// files may be read.
	at.Each("readable paths", files, func() {
		rule, slot := w.Words(unix.LANDLOCK_ACCESS_FS_READ_FILE, 0)
		fd := slot + 8
		at.Into(fd, "open one", tape.Any, unix.SYS_OPENAT, cwd, "", unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		at.Do("landlock rule for it", tape.Any, unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, rule, 0)
		at.Do("close", tape.Any, unix.SYS_CLOSE, fd)
	})
	at.Each("readable trees", trees, func() {
		whole, slot := w.Words(accessRead, 0)
		one, other := w.Words(accessRead&^unix.LANDLOCK_ACCESS_FS_READ_DIR, 0) // of a file
		at.Into(slot+8, "open one", tape.Any, unix.SYS_OPENAT, cwd, "", unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		at.Into(other+8, "keep its number", tape.Any, unix.SYS_FCNTL, slot+8, unix.F_DUPFD_CLOEXEC, 0)
		at.Do("landlock rule for a folder", tape.Any, unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, whole, 0)
		at.Do("landlock rule for a file", tape.Any, unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, one, 0)
		at.Do("close", tape.Any, unix.SYS_CLOSE, slot+8)
		at.Do("close", tape.Any, unix.SYS_CLOSE, other+8)
	})
	at.Do("landlock", 0, unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0)
	at.Do("close", 0, unix.SYS_CLOSE, set)
}

// accessRename is the set of rights for rename(2) within a folder.
const accessRename = unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
	unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
	unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK

// initLandlock takes all files from the init, except renames in the folders of the sweep.
// The rule set has no scope for signals: with a scope the init could not end the tree.
func (w *writer) initLandlock() {
	at := w.restrict(refusal.InitLandlock)
	fs, _, size := handled(w.plan.Landlock.ABI)
	attr, _ := w.Words(fs, 0, 0)
	set := at.Save("init: landlock rule set", tape.OK, unix.SYS_LANDLOCK_CREATE_RULESET, attr, size, 0)
	for _, s := range w.plan.Sweep {
		rule, slot := w.Words(accessRename, 0)
		fd := slot + 8
		at.Into(fd, "init: open "+s.Dir, tape.OK, unix.SYS_OPENAT, cwd, s.Dir, unix.O_PATH|unix.O_CLOEXEC, 0)
		at.Do("init: landlock rule for "+s.Dir, 0, unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, rule, 0)
		at.Do("init: close", 0, unix.SYS_CLOSE, fd)
	}
	at.Do("init: landlock", 0, unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0)
}
