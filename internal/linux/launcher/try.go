//go:build linux

package launcher

import (
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
)

// layer is a means of the machine, tried without the others.
type layer struct {
	name  string
	flags uint64 // of the clone
	write func(w *writer)
}

const inUser = unix.CLONE_NEWUSER

// layers are tried each in a new process, which then ends.
var layers = []layer{
	{"user namespace", inUser, func(w *writer) { w.idMaps() }},
	{"pid namespace", inUser | unix.CLONE_NEWPID, func(w *writer) { w.For("").Do("be process 1", 1, unix.SYS_GETPID) }},
	{"read-only view", inUser, func(w *writer) {
		w.mounts()
		w.closeView()
	}},
	{"fresh /proc", inUser | unix.CLONE_NEWPID, func(w *writer) {
		w.mounts()
		mount(w.For(""), "proc", "/proc", 0, "")
	}},
	{"own /dev and terminals", inUser, func(w *writer) {
		w.idMaps() // without a mapped user no file can be made
		w.mounts()
		mount(w.For(""), "tmpfs", "/dev", 0, "mode=755")
		w.For("").Do("make /dev/pts", 0, unix.SYS_MKDIRAT, cwd, "/dev/pts", 0o755)
		mount(w.For(""), "devpts", "/dev/pts", 0, terminals)
	}},
	{"network namespace", inUser, func(w *writer) {
		w.For("").Do("unshare network namespace", 0, unix.SYS_UNSHARE, unix.CLONE_NEWNET)
		w.loopback()
	}},
	{"ipc, uts and cgroup namespaces", inUser, func(w *writer) {
		w.For("").Do("unshare", 0, unix.SYS_UNSHARE, unix.CLONE_NEWIPC|unix.CLONE_NEWUTS|unix.CLONE_NEWCGROUP)
	}},
	{"landlock", 0, func(w *writer) {
		w.noNewPrivs()
		w.initLandlock()
	}},
	{"seccomp", 0, func(w *writer) {
		w.noNewPrivs()
		w.seccomp()
	}},
}

// Try tries each layer alone and returns the results: nil, or the error.
func (*Launcher) Try(p *plan.Plan) (names []string, results []error) {
	for _, one := range layers {
		names = append(names, one.name)
		results = append(results, one.try(p))
	}
	return names, results
}

func (l layer) try(p *plan.Plan) error {
	t, err := tape.New(nil)
	if err != nil {
		return err
	}
	defer t.Free() // our own mapping: can't fail
	w := &writer{Tape: t, plan: p}
	l.write(w)
	w.For("").Do("end", tape.OK, unix.SYS_EXIT_GROUP, 0)
	return runToEnd(t, l.flags)
}

// mounts makes a mount namespace cut off from other namespaces.
func (w *writer) mounts() {
	w.For("").Do("unshare mount namespace", 0, unix.SYS_UNSHARE, unix.CLONE_NEWNS)
}
