package survey

import (
	"io/fs"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// deepest is how many folders below a root are walked.
const deepest = mostTree

// identify returns a file's device and change time.
func identify(info fs.FileInfo) (device uint64, changed int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(s.Dev), s.Ctim.Nano()
}

// fewFolders are looked at by a single thread.
const fewFolders = 128

// stamps looks at the known folders, in the order of the walk: a large tree has several
// thousand folders.
func stamps(root string, known *tree) []stamp {
	if known == nil {
		return nil
	}
	top, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // the caller looks at each folder alone
	}
	defer unix.Close(top)
	all := make([]stamp, len(known.order))
	part := max(len(all)/runtime.GOMAXPROCS(0)+1, fewFolders)
	var group sync.WaitGroup
	for from := 0; from < len(all); from += part {
		group.Go(func() {
			for i := from; i < min(from+part, len(all)); i++ {
				all[i] = stampAt(top, known.order[i])
			}
		})
	}
	group.Wait()
	return all
}

func stampAt(top int, rel string) stamp {
	var st unix.Stat_t
	if err := unix.Fstatat(top, rel, &st, unix.AT_SYMLINK_NOFOLLOW|unix.AT_EMPTY_PATH); err != nil {
		return stamp{err: err}
	}
	return stamp{device: uint64(st.Dev), changed: st.Ctim.Nano(), inode: st.Ino, dir: st.Mode&unix.S_IFMT == unix.S_IFDIR}
}

// names is how many names a file has.
func names(info fs.FileInfo) uint64 {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1
	}
	return uint64(s.Nlink)
}

// birth returns when a file was made, in nanoseconds, or when it was changed last if the file
// system doesn't know.
func birth(name string) int64 {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME|unix.STATX_CTIME, &st); err != nil {
		return math.MaxInt64
	}
	at := st.Ctime
	if st.Mask&unix.STATX_BTIME != 0 {
		at = st.Btime
	}
	return at.Sec*1e9 + int64(at.Nsec)
}

// openNow opens a file to read, and waits for nobody.
func openNow(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// loose are file systems without change times, or with change times that programs can
// set: there a change time does not prove that a folder is unchanged. FAT and exFAT show
// the time of modification as the change time; FUSE and SMB leave the time to others.
var loose = []int64{unix.MSDOS_SUPER_MAGIC, unix.EXFAT_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC}

// keepsTimes reports whether a folder's change time shows every change.
func keepsTimes(dir string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) == nil && !slices.Contains(loose, int64(uint32(fs.Type)))
}
