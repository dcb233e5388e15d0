//go:build linux

// Package nofile remembers the limit of open files with which this process was
// started. Package syscall raises the soft limit in every Go program and keeps
// the old one to itself; a command must get the one that its caller set, since
// programs that use select(2) go wrong above 1024.
//
// Packages are initialized in the order of their paths, those first that import
// nothing. So this one must import nothing, or it would be too late; that is why
// it makes its one system call itself. It must never change a limit.
package nofile

// rlimitNofile is RLIMIT_NOFILE (getrlimit(2)).
const rlimitNofile = 7

var (
	limit [2]uint64 // struct rlimit: soft, hard
	errno = getrlimit(rlimitNofile, &limit)
)

// getrlimit is getrlimit(2): 0, or -errno.
//
//go:noescape
func getrlimit(resource uintptr, limit *[2]uint64) int64

// Original gives the limit as the caller set it; ok is false where it could not
// be read.
func Original() (soft, hard uint64, ok bool) { return limit[0], limit[1], errno == 0 }
