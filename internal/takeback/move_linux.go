package takeback

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/rename"
)

// moveTo moves a name of a folder into an entry of the store. A folder that moves must be
// open to writing for its owner (rename(2)).
func moveTo(dir *os.Root, base string, info fs.FileInfo, entry string) error {
	from, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Open(entry)
	if err != nil {
		return err
	}
	defer to.Close()
	move := func() error { return unix.Renameat(int(from.Fd()), base, int(to.Fd()), madeName) } // nothing else makes files there
	err = move()
	if err == unix.EACCES && info.IsDir() && info.Mode().Perm()&0o200 == 0 {
		if unix.Fchmodat(int(from.Fd()), base, uint32(info.Mode().Perm()|0o300), unix.AT_SYMLINK_NOFOLLOW) == nil {
			err = move()
		}
	}
	return err
}

// moveBack moves the content of an entry to a name of a folder, and replaces nothing.
func moveBack(entry string, dir *os.Root, base string) error {
	to, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer to.Close()
	return rename.ToAbsent(unix.AT_FDCWD, entry+"/"+madeName, int(to.Fd()), base)
}
