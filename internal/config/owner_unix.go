//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// othersMayWrite says in which way somebody other than the user and root can
// change the file; "" when nobody can. Writing by a group is let pass when the
// group has the number of the owner, which by convention is the owner's alone.
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

// otherNames counts the names that a file has beside one.
func otherNames(info fs.FileInfo) int {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return int(st.Nlink) - 1
}
