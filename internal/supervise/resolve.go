//go:build linux

package supervise

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// tries is how often a look-up is made again that met a rename.
const tries = 100

// resolve opens a path as the caller would. It need not be safe against renames: only
// the inode that is found decides.
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
		at, err := unix.Open(process+"/fd/"+rest, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, errnoOf(err, unix.EACCES)
		}
		return at, 0
	}
	root, err := unix.Open(process+"/root", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, unix.EACCES
	}
	defer unix.Close(root)
	how := &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	for range tries {
		var at int
		if at, err = unix.Openat2(root, path, how); err == nil {
			return at, 0
		}
		if err != unix.EAGAIN && err != unix.EINTR {
			break
		}
	}
	return -1, errnoOf(err, unix.EACCES)
}
