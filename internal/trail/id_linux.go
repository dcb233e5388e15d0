package trail

import (
	"io/fs"
	"syscall"
)

// IDOf returns the numbers of a file, the zero value if the file system gives none.
func IDOf(info fs.FileInfo) ID {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ID{}
	}
	return ID{Device: uint64(st.Dev), Inode: st.Ino}
}
