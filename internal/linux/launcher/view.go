//go:build linux

package launcher

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// sourceName marks our file systems in mountinfo.
const sourceName = "lockstile"

// view makes the mounts. Descriptors with numbers of their own come first, and then the
// caches, because their folders are found by path. Sources from the host are opened before a
// mount covers them. In the end everything becomes read-only at once, and then the writable mounts are
// opened again: a forgotten mount is read-only.
func (w *writer) view() {
	if w.plan.Git().Path != "" {
		w.openFUSE()
	}
	w.caches()
	taken := make([]tape.Slot, len(w.plan.View))
	devices := map[string]tape.Slot{}
	for i, m := range w.plan.View {
		at := w.restrict(m.Restriction())
		switch m.Kind {
		case plan.KindBind:
			taken[i] = w.take(at, m.Source, unix.AT_RECURSIVE)
		case plan.KindDevices:
			for _, d := range plan.Devices() {
				devices[d] = w.take(at, "/dev/"+d, 0)
			}
		}
	}
	for i, m := range w.plan.View {
		at := w.restrict(m.Restriction())
		for _, d := range m.MakeDirs {
			at.Do("make "+d, tape.Any, unix.SYS_MKDIRAT, cwd, d, 0o755) // the folder may exist from before
		}
		if m.File {
			at.Do("make "+m.Path, tape.Any, unix.SYS_MKNODAT, cwd, m.Path, unix.S_IFREG|0o444, 0)
		}
		switch m.Kind {
		case plan.KindBind:
			attach(at, taken[i], m.Path)
		case plan.KindCover:
			attach(at, w.take(at, plan.EmptyFile, 0), m.Path)
		case plan.KindNames:
			attach(at, w.take(at, plan.NamesFile, 0), m.Path)
		case plan.KindSelf:
			// With the host's mounts below, and never through a link that has taken the
			// place since the survey.
			attach(at, w.take(at, m.Path, unix.AT_RECURSIVE|unix.AT_SYMLINK_NOFOLLOW), m.Path)
		case plan.KindProc:
			mount(at, "proc", m.Path, unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		case plan.KindTmpfs:
			mount(at, "tmpfs", m.Path, unix.MS_NOSUID|unix.MS_NODEV, "mode="+tmpfsMode(m)+w.scratchSize())
		case plan.KindDevpts:
			mount(at, "devpts", m.Path, unix.MS_NOSUID|unix.MS_NOEXEC, terminals)
		case plan.KindDevices:
			w.devices(at, m.Path, devices)
		case plan.KindGit:
			w.gitDirectory(m.Path)
		}
	}
	w.boundNamespaces()
	w.closeView()
}

// terminals are the options of a /dev/pts of the view's own. The machine has 4096
// terminals for all its users (kernel.pty.max), so the kernel bounds the terminals of a
// command.
var terminals = "newinstance,ptmxmode=0666,mode=620,max=" + strconv.Itoa(plan.MostTerminals)

// tmpfsMode returns the mode of a tmpfs: shared scratch is for all users, any other tmpfs
// for the owner.
func tmpfsMode(m plan.Mount) string {
	if m.Writable && m.Path != "/run" {
		return "1777"
	}
	return "755"
}

// closeView makes the whole view read-only and nosuid, and cuts the view off from the
// host's later mounts. With no_new_privs a program with file capabilities could not even
// start; on a nosuid mount the program starts without the capabilities. Unbindable implies private, and unlike private is visible on each mount.
func (w *writer) closeView() {
	const size = 32 // struct mount_attr
	readOnly, _ := w.Words(unix.MOUNT_ATTR_RDONLY, 0, 0, 0)
	unbindable, _ := w.Words(0, 0, unix.MS_UNBINDABLE, 0)
	noSUID, _ := w.Words(unix.MOUNT_ATTR_NOSUID, 0, 0, 0)
	writable, _ := w.Words(0, unix.MOUNT_ATTR_RDONLY, 0, 0)
	w.restrict(refusal.ReadOnlyRoot).Do("everything read-only", 0, unix.SYS_MOUNT_SETATTR, cwd, "/", unix.AT_RECURSIVE, readOnly, size)
	w.restrict(refusal.NoSUID).Do("everything nosuid", 0, unix.SYS_MOUNT_SETATTR, cwd, "/", unix.AT_RECURSIVE, noSUID, size)
	w.restrict(refusal.Propagation).Do("everything unbindable", 0, unix.SYS_MOUNT_SETATTR, cwd, "/", unix.AT_RECURSIVE, unbindable, size)
	for _, m := range w.plan.View {
		if m.Writable {
			w.restrict(m.Restriction()).Do(m.Path+" writable", 0, unix.SYS_MOUNT_SETATTR, cwd, m.Path, 0, writable, size)
		}
	}
}

// devices fills the view's /dev: a file as the mount point of each device, the usual
// links, and folders for the mounts below.
func (w *writer) devices(at tape.Writer, dev string, taken map[string]tape.Slot) {
	mount(at, "tmpfs", dev, unix.MS_NOSUID|unix.MS_NOEXEC, "mode=755")
	file := func(path string) {
		at.Do("make "+path, 0, unix.SYS_MKNODAT, cwd, path, unix.S_IFREG|0o666, 0)
	}
	for _, d := range plan.Devices() {
		file(dev + "/" + d)
		attach(at, taken[d], dev+"/"+d)
	}
	file(plan.ProbeFile)
	file(plan.EmptyFile)
	file(plan.UnreadFile)
	w.namesFile()
	w.hostSocket()
	for _, link := range [][2]string{{"/proc/self/fd", "fd"}, {"fd/0", "stdin"}, {"fd/1", "stdout"}, {"fd/2", "stderr"}, {"pts/ptmx", "ptmx"}} {
		at.Do("link "+link[1], 0, unix.SYS_SYMLINKAT, link[0], cwd, dev+"/"+link[1])
	}
	for _, d := range []string{"pts", "shm"} {
		at.Do("make "+d, 0, unix.SYS_MKDIRAT, cwd, dev+"/"+d, 0o755)
	}
}

func (w *writer) take(at tape.Writer, path string, flags int) tape.Slot {
	return at.Save("take up "+path, tape.OK, unix.SYS_OPEN_TREE, cwd, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|flags)
}

// attach leaves the descriptor open: initDescriptors closes all descriptors at once.
func attach(at tape.Writer, from tape.Slot, path string) {
	at.Do("attach "+path, 0, unix.SYS_MOVE_MOUNT, from, "", cwd, path, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

func mount(at tape.Writer, fsType, path string, flags int, options string) {
	at.Do("mount "+path, 0, unix.SYS_MOUNT, sourceName, path, fsType, flags, options)
}
