package patch

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/rename"
)

// exchange gives two files each other's names, in one step (renameat2(2)).
func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// place renames a file to a name that isn't there.
func place(from, to string) error {
	return rename.ToAbsent(unix.AT_FDCWD, from, unix.AT_FDCWD, to)
}

// links returns how many names a file has.
func links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}
