package rename

import "golang.org/x/sys/unix"

// ToAbsent renames a file of an open folder to a name of another, where nothing may be. A
// folder's number may be unix.AT_FDCWD. The error is an errno of renameat2(2) or linkat(2):
// EEXIST if something is there.
//
// On file systems whose rename knows no RENAME_NOREPLACE (9p, NFS, many of FUSE: EINVAL) the
// file gets a second name, by link(2), which replaces nothing either, and loses the first. A
// folder has only one name: there rename(2) replaces an empty folder at most.
func ToAbsent(fromDir int, from string, toDir int, to string) error {
	err := unix.Renameat2(fromDir, from, toDir, to, unix.RENAME_NOREPLACE)
	if err != unix.EINVAL {
		return err
	}
	return inTwoSteps(fromDir, from, toDir, to)
}

func inTwoSteps(fromDir int, from string, toDir int, to string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(fromDir, from, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return unix.Renameat(fromDir, from, toDir, to)
	}
	if err := unix.Linkat(fromDir, from, toDir, to, 0); err != nil {
		return err
	}
	return unix.Unlinkat(fromDir, from, 0)
}
