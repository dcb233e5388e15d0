//go:build linux

package supervise

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// tries is how often a look-up is repeated after a rename on the way.
const tries = 100

// resolve opens a path as the caller would. resolve need not be safe against renames:
// only the found inode decides.
func resolve(tid int, path string) (int, unix.Errno) {
	process := "/proc/" + strconv.Itoa(tid)
	if !strings.HasPrefix(path, "/") {
		dir, err := os.Readlink(process + "/cwd")
		if err != nil {
			return -1, unix.EACCES
		}
		path = dir + "/" + path
	}
	// A scoped look-up follows no magic links, and /proc/self would be ours.
	if strings.HasPrefix(path, "/dev/fd/") {
		path = "/proc/self/fd/" + path[len("/dev/fd/"):]
	}
	if rest, ok := strings.CutPrefix(path, "/proc/self/fd/"); ok {
		return resolveBelow(process+"/fd/", rest)
	}
	root, err := unix.Open(process+"/root", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, unix.EACCES
	}
	defer unix.Close(root)
	return lookUp(root, path, unix.RESOLVE_IN_ROOT)
}

// resolveBelow opens a descriptor of the caller by number, or a path below the
// descriptor. No path leads out of the descriptor's folder: beside the numbers are links
// to the whole host.
func resolveBelow(descriptors, path string) (int, unix.Errno) {
	number, rest, below := strings.Cut(path, "/")
	if _, err := strconv.ParseUint(number, 10, 31); err != nil {
		return -1, unix.ENOENT
	}
	fd, err := unix.Open(descriptors+number, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, errnoOf(err, unix.EACCES)
	}
	if !below {
		return fd, 0
	}
	defer unix.Close(fd)
	return lookUp(fd, rest, unix.RESOLVE_BENEATH)
}

// lookUp opens a path from a folder; how says how openat2(2) keeps the path within.
func lookUp(dir int, path string, how uint64) (int, unix.Errno) {
	scope := &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: how | unix.RESOLVE_NO_MAGICLINKS}
	var err error
	for range tries {
		var at int
		if at, err = unix.Openat2(dir, path, scope); err == nil {
			return at, 0
		}
		if err != unix.EAGAIN && err != unix.EINTR {
			break
		}
	}
	return -1, errnoOf(err, unix.EACCES)
}
