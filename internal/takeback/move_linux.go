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
	move := func() error { return unix.Renameat(int(from.Fd()), base, int(to.Fd()), madeName) } // nothing else makes files there
	err = move()
	if err == unix.EACCES && info.IsDir() && info.Mode().Perm()&0o200 == 0 {
		if unix.Fchmodat(int(from.Fd()), base, uint32(info.Mode().Perm()|0o300), unix.AT_SYMLINK_NOFOLLOW) == nil {
			err = move()
		}
	}
	return err
}

// moveBack moves the content of an entry to a name of a folder, and replaces nothing. On
// file systems whose rename knows no RENAME_NOREPLACE (9p, NFS, many of FUSE: EINVAL,
// rename(2)) a file gets the name by link(2), which replaces nothing either, and loses the
// name in the store. A folder has only one name: there rename(2) replaces an empty folder at
// most.
func moveBack(entry string, dir *os.Root, base string) error {
	made := entry + "/" + madeName
	to, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer to.Close()
	err = unix.Renameat2(unix.AT_FDCWD, made, int(to.Fd()), base, unix.RENAME_NOREPLACE)
	if err != unix.EINVAL {
		return err
	}
	info, err := os.Lstat(made)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return unix.Renameat(unix.AT_FDCWD, made, int(to.Fd()), base)
	}
	if err := unix.Linkat(unix.AT_FDCWD, made, int(to.Fd()), base, 0); err != nil {
		return err
	}
	return os.Remove(made)
}
