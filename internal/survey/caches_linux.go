package survey

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ours reports whether a file belongs to our user.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}

// opaque is the mark of a folder that hides the lower folder (overlayfs, userxattr).
const opaque = "user.overlay.opaque"

// shadowed reports whether the upper folder of an overlay hides a path of the lower folder:
// something other than a folder stands on the way, or a folder with the mark. An upper
// folder that can't be read counts as one that hides the path.
func shadowed(upper, below string) bool {
	at := upper
	for _, name := range append([]string{""}, strings.Split(strings.Trim(below, "/"), "/")...) {
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		if os.IsNotExist(err) {
			return false
		}
		if err != nil || !info.IsDir() {
			return true
		}
		var value [1]byte
		if n, err := unix.Lgetxattr(at, opaque, value[:]); err != unix.ENODATA && (err != nil || n > 0) {
			return true
		}
	}
	return false
}
