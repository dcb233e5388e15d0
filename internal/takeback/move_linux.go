package takeback

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
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
	move := func() error {
		return unix.Renameat2(int(from.Fd()), base, int(to.Fd()), madeName, unix.RENAME_NOREPLACE)
	}
	err = move()
	if err == unix.EACCES && info.IsDir() && info.Mode().Perm()&0o200 == 0 {
		if unix.Fchmodat(int(from.Fd()), base, uint32(info.Mode().Perm()|0o300), unix.AT_SYMLINK_NOFOLLOW) == nil {
			err = move()
		}
	}
	return err
}

// moveBack moves the content of an entry to a name of a folder, where nothing may be.
func moveBack(entry string, dir *os.Root, base string) error {
	to, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer to.Close()
	return unix.Renameat2(unix.AT_FDCWD, entry+"/"+madeName, int(to.Fd()), base, unix.RENAME_NOREPLACE)
}
