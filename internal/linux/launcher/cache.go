//go:build linux

package launcher

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
)

// lowerFD is the number of the host's folder while an overlay is mounted: the options name
// the folder by the number. A path could lead through a link that has taken a place since
// the survey.
const lowerFD = 34

// caches mounts the overlays. No other descriptor can have lowerFD yet: the sources of
// mounts are opened later.
func (w *writer) caches() {
	for _, m := range w.plan.CachePlaces() {
		w.cache(m)
	}
}

// cache mounts an overlay: reads see the host's folder, and writes go to a private folder.
// With userxattr the kernel takes its marks from attributes of our own. With volatile the
// end of the command waits for no disk: after a crash of the machine a cache may be torn.
func (w *writer) cache(m plan.Mount) {
	at := w.restrict(m.Restriction())
	how, _ := w.Words(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, unix.RESOLVE_NO_SYMLINKS)
	fd := at.Save("open "+m.Path, tape.OK, unix.SYS_OPENAT2, cwd, m.Path, how, unix.SizeofOpenHow)
	at.Do("put it in its place", lowerFD, unix.SYS_DUP3, fd, lowerFD, unix.O_CLOEXEC)
	private := w.plan.Caches + "/" + m.Store
	options := fmt.Sprintf("userxattr,volatile,lowerdir=/proc/self/fd/%d,upperdir=%s/upper,workdir=%s/work", lowerFD, private, private)
	mount(at, "overlay", m.Path, unix.MS_NOSUID|unix.MS_NODEV, options)
	at.Do("close", 0, unix.SYS_CLOSE, fd)
	at.Do("close", 0, unix.SYS_CLOSE, lowerFD)
}

// cacheTrials try to write in each cache.
func (w *writer) cacheTrials() {
	for _, m := range w.plan.CachePlaces() {
		w.tryOpen("write in "+m.Path, m.Path, unix.O_TMPFILE|unix.O_WRONLY)
		w.try("access to "+m.Path, unix.SYS_FACCESSAT, cwd, m.Path, unix.W_OK|unix.X_OK)
	}
}
