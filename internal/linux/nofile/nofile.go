//go:build linux

// Package nofile remembers the limit of open files with which our process was started.
// Package syscall raises the soft limit in every Go program and hides the old limit. A
// command must get the caller's limit, since programs that use select(2) go wrong above
// 1024.
//
// Go initializes packages in the order of their paths, beginning with packages without
// imports. Package nofile must import nothing, or the first read would come too late;
// therefore package nofile makes the system call itself. Package nofile must never change
// a limit.
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

// Original returns the caller's limit; ok is false if the limit could not be read.
func Original() (soft, hard uint64, ok bool) { return limit[0], limit[1], errno == 0 }
