//go:build linux

package host

import (
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Read gathers the facts of the machine.
func Read() (Facts, error) {
	f := Facts{
		OS: runtime.GOOS, Arch: runtime.GOARCH,
		UID: os.Geteuid(), GID: os.Getegid(),
		Kernel: Kernel{
			LandlockABI:    older(landlockABI()),
			LastCap:        lastCap(),
			Keyring:        hasKeyring(),
			KillableNotify: killableNotify(),
			OwnPIDMax:      ownPIDMax(),
			Cgroup:         cgroupFolder(),
		},
		Shares: Shares{Memory: memory()},
	}
	f.MostProcesses, f.MostCore = most(unix.RLIMIT_NPROC), most(unix.RLIMIT_CORE)
	f.Pools = Pools{Inotify: mostInotify(), Watches: mostWatches(),
		Signals: most(unix.RLIMIT_SIGPENDING), Queues: most(unix.RLIMIT_MSGQUEUE)}
	for _, name := range procControls {
		if unix.Faccessat(unix.AT_FDCWD, "/proc/"+name, unix.F_OK, unix.AT_SYMLINK_NOFOLLOW) == nil {
			f.ProcFiles = append(f.ProcFiles, "/proc/"+name)
		}
	}
	return f, nil
}

// Locate finds the folders among the facts. tempDir is the command's TMPDIR.
func (f *Facts) Locate(tempDir string) {
	if filepath.IsAbs(tempDir) {
		if dir, err := filepath.EvalSymlinks(tempDir); err == nil {
			f.TempDir = dir
		}
	}
	file, err := filepath.EvalSymlinks(resolvConf)
	if err != nil {
		return
	}
	if file != resolvConf {
		f.Resolver = file
	}
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
		f.Names = file
	}
}

// resolvConf names the host's name servers (resolv.conf(5)); often a link into /run.
const resolvConf = "/etc/resolv.conf"

// landlockABI asks landlock_create_ruleset(2) for its version.
func landlockABI() int {
	abi, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(abi)
}

// killableNotify asks whether seccomp(2) knows a flag (Linux 5.19): with a known flag the
// call gets as far as the missing filter, and fails with EFAULT.
var killableNotify = sync.OnceValue(func() bool {
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0)
	return errno == unix.EFAULT
})

// ownPIDMax checks the kernel's version, since the file kernel.pid_max shows no
// difference.
var ownPIDMax = sync.OnceValue(func() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	return fromRelease(unix.ByteSliceToString(u.Release[:]), 6, 14)
})

// fromRelease reports whether a kernel's release, such as 6.18.5-amd64, is at least
// major.minor.
func fromRelease(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	second := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	hasMajor, err := strconv.Atoi(first)
	hasMinor, err2 := strconv.Atoi(second)
	return err == nil && err2 == nil && (hasMajor > major || hasMajor == major && hasMinor >= minor)
}

// most returns the hard part of a limit, or 0 if unreadable.
func most(resource int) uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(resource, &l) != nil {
		return 0
	}
	return l.Max
}

// The values stay as at the first look: later changes are not worth two reads a start.
var (
	mostInotify = sync.OnceValue(func() int64 { return number("/proc/sys/user/max_inotify_instances") })
	mostWatches = sync.OnceValue(func() int64 { return number("/proc/sys/user/max_inotify_watches") })
)

// number reads a file with one number, or returns 0.
func number(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// NoFUSE returns why no file system of ours can be made, "" if one can.
func NoFUSE() string {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return "/dev/fuse: " + err.Error()
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != unix.Mkdev(10, 229) { // linux/miscdevice.h
		return "/dev/fuse is another file"
	}
	return ""
}

// NoOverlay returns why no overlay with its upper folder in dir can be mounted in a user
// namespace, "" if nothing is known against it.
func NoOverlay(dir string) string {
	var st unix.Statfs_t
	switch {
	case !ownOverlay():
		return "this kernel mounts no overlay in a user namespace (Linux 5.11 does)"
	case unix.Statfs(dir, &st) == nil && st.Type == unix.OVERLAYFS_SUPER_MAGIC:
		return dir + " is on an overlay itself"
	}
	return ""
}

// ownOverlay checks the kernel's version: the option userxattr came with Linux 5.11.
var ownOverlay = sync.OnceValue(func() bool {
	var u unix.Utsname
	return unix.Uname(&u) == nil && fromRelease(unix.ByteSliceToString(u.Release[:]), 5, 11)
})

// memory returns the machine's memory (sysinfo(2)).
var memory = sync.OnceValue(func() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return info.Totalram * uint64(info.Unit)
})

// lastCap finds the greatest capability number that the kernel accepts, by halves
// (PR_CAPBSET_READ in prctl(2)); /proc/sys may be hidden in a container.
var lastCap = sync.OnceValue(func() int {
	const most = 64 // capability sets have 64 bits
	return sort.Search(most, func(n int) bool {
		return unix.Prctl(unix.PR_CAPBSET_READ, uintptr(n), 0, 0, 0) != nil
	}) - 1
})

func hasKeyring() bool {
	_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
	return err != unix.ENOSYS && err != unix.EPERM
}
