//go:build unix

package obstacle

import (
	"os"
	"syscall"
)

// fileSizeSignal ends a process that writes beyond the limit.
const fileSizeSignal = int(syscall.SIGXFSZ)

// BadCall reports whether the signal is the end for a forbidden system call.
func BadCall(sig syscall.Signal) bool { return sig == syscall.SIGSYS }

func readlink(path string) (string, error) { return os.Readlink(path) }

// looksWritable reports whether the user's own rights allow writing a path, or making the
// path in its folder. Rights of root beyond the mode don't count: a command lacks them.
func (s Seen) looksWritable(path string) bool {
	if s.unseen(path) {
		return true
	}
	if _, err := os.Lstat(path); err == nil {
		return mayWrite(path)
	}
	dir, _ := nearest(path)
	return mayWrite(dir)
}

// mayWrite reads the mode of a file.
func mayWrite(path string) bool { return permits(path, 2) }

// mayRun reports whether an execution of the path could not have failed for its mode.
func mayRun(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.IsDir() || permits(path, 1)
}

// owned reports whether a file is there and belongs to the user.
func owned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

func permits(path string, bit uint32) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := uint32(info.Mode().Perm())
	switch {
	case int(st.Uid) == os.Geteuid():
		return mode>>6&bit != 0
	case inGroup(int(st.Gid)):
		return mode>>3&bit != 0
	}
	return mode&bit != 0
}

func inGroup(group int) bool {
	if group == os.Getegid() {
		return true
	}
	groups, err := os.Getgroups()
	for _, g := range groups {
		if err == nil && g == group {
			return true
		}
	}
	return false
}
