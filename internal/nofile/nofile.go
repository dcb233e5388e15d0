//go:build unix

// Package nofile remembers the limit of open files with which this process was
// started. Package os raises the soft limit in every Go program; a command must
// get the one that its caller set, since programs that use select(2) go wrong
// above 1024. It must import nothing that imports os, or it would be too late,
// and never change a limit.
package nofile

import "syscall"

var (
	limit syscall.Rlimit
	err   = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
)

// Original gives the limit, soft and hard, as it was at the start; ok is false
// where it could not be read.
func Original() (soft, hard uint64, ok bool) {
	return uint64(limit.Cur), uint64(limit.Max), err == nil
}
