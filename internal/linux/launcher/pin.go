//go:build linux

package launcher

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
)

// inside are descriptors of the namespaces of a tree, opened while the init could be looked
// at. Later nobody but root may open them.
type inside struct{ user, mount int }

// openInside opens the namespaces of the init, for Pin.
func (l *Launch) openInside() error {
	if !l.plan.Confined() || len(l.plan.Sweep) == 0 || l.inside.user > 0 {
		return nil
	}
	dir := "/proc/" + strconv.Itoa(l.first.PID) + "/ns/"
	var err error
	if l.inside.user, err = unix.Open(dir+"user", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("open the user namespace", err)
	}
	l.inside.mount, err = unix.Open(dir+"mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return os.NewSyscallError("open the mount namespace", err)
}

func (n *inside) close() {
	for _, fd := range []*int{&n.user, &n.mount} {
		if *fd > 0 {
			unix.Close(*fd)
		}
		*fd = -1
	}
}

// errNoPin means that the tree has no mounts of its own.
var errNoPin = errors.New("the command has no view of its own")

// Pin makes an existing name of a folder read-only inside, while the command runs: no
// command may change, remove or rename the name from then on. The folder must be a mount of
// the view.
func (r *Running) Pin(dir, name string) error {
	in := r.l.inside
	if in.user <= 0 || in.mount <= 0 {
		return errNoPin
	}
	t, err := tape.New(nil)
	if err != nil {
		return err
	}
	defer t.Free() // our own mapping: can't fail
	w := &writer{Tape: t, plan: r.l.plan}
	w.pin(in, dir, filepath.Join(dir, name))
	if err := w.Err(); err != nil {
		return err
	}
	return runToEnd(t, 0)
}

// pin writes the calls. No call copies an unbindable mount: the folder's mount is private
// meanwhile. No command can make mounts in either state.
func (w *writer) pin(in inside, dir, path string) {
	const size = 32 // struct mount_attr
	at := w.For("")
	private, _ := w.Words(0, 0, unix.MS_PRIVATE, 0)
	unbindable, _ := w.Words(0, 0, unix.MS_UNBINDABLE, 0)
	guarded, _ := w.Words(unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID, 0, unix.MS_UNBINDABLE, 0)
	at.Do("enter the user namespace", 0, unix.SYS_SETNS, in.user, unix.CLONE_NEWUSER)
	at.Do("enter the mount namespace", 0, unix.SYS_SETNS, in.mount, unix.CLONE_NEWNS)
	at.Do(dir+" private", 0, unix.SYS_MOUNT_SETATTR, cwd, dir, 0, private, size)
	taken := at.Save("take up "+path, tape.Any, unix.SYS_OPEN_TREE, cwd, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW)
	at.Do(dir+" unbindable", 0, unix.SYS_MOUNT_SETATTR, cwd, dir, 0, unbindable, size)
	at.Do(path+" read-only", 0, unix.SYS_MOUNT_SETATTR, taken, "", unix.AT_EMPTY_PATH, guarded, size)
	at.Do("attach "+path, 0, unix.SYS_MOVE_MOUNT, taken, "", cwd, path, unix.MOVE_MOUNT_F_EMPTY_PATH)
	at.Do("end", tape.OK, unix.SYS_EXIT_GROUP, 0)
}
