//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// othersMayWrite says how a user other than the caller and root can change the file, or
// returns "". A file may be writable for a group with the number of the owner: by
// convention only the owner is in the group.
func othersMayWrite(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "has an owner that can't be found out"
	}
	mode := info.Mode().Perm()
	switch {
	case st.Uid != 0 && int(st.Uid) != os.Geteuid():
		return "belongs to another user"
	case mode&0o002 != 0:
		return "can be written by everyone"
	case mode&0o020 != 0 && st.Gid != st.Uid:
		return "can be written by its group"
	}
	return ""
}

// otherNames returns the number of a file's further names (hard links).
func otherNames(info fs.FileInfo) int {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return int(st.Nlink) - 1
}
