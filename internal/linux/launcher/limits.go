//go:build linux

package launcher

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

const (
	pidMax      = "/proc/sys/kernel/pid_max"             // proc_sys_kernel(5)
	mostInotify = "/proc/sys/user/max_inotify_instances" // of a user namespace, proc_sys_user(5)
	mostWatches = "/proc/sys/user/max_inotify_watches"
	oomScoreAdj = "/proc/self/oom_score_adj" // proc_pid_oom_score_adj(5)
)

// scratchSize is the option by which a tmpfs holds no more than the plan says.
func (w *writer) scratchSize() string {
	if w.plan.Limits.Scratch == 0 {
		return ""
	}
	return ",size=" + strconv.FormatUint(w.plan.Limits.Scratch, 10)
}

// boundNamespaces has the namespaces give out no more pids and watches. It comes before
// /proc/sys is made read-only.
func (w *writer) boundNamespaces() {
	set := func(path string, most int64) {
		if most > 0 {
			w.writeFile(w.restrict(refusal.Limits), path, strconv.FormatInt(most, 10))
		}
	}
	set(mostInotify, w.plan.Limits.Inotify)
	set(mostWatches, w.plan.Limits.Watches)
	if w.plan.Limits.By == plan.ByNamespace {
		set(pidMax, w.plan.Limits.Processes)
	}
}

// beFirst has the kernel end the command's processes first, where memory runs out all
// the same: the greatest, which the init is not. It comes before the view, in which
// /proc may be read-only.
func (w *writer) beFirst() { w.writeFile(w.restrict(refusal.Limits), oomScoreAdj, "1000") }

// fork makes the command, in its cgroup from its first moment on where it has one.
// Its init stays outside: it tells of the end, whatever that was.
func (w *writer) fork() tape.Op {
	if w.plan.Limits.Cgroup == "" || leftOut(string(refusal.Limits)) {
		return w.For("").Fork()
	}
	return w.restrict(refusal.Limits).ForkInto(cgroupFD)
}

func (w *writer) writeFile(at tape.Writer, path, text string) {
	fd := at.Save("open "+path, tape.OK, unix.SYS_OPENAT, cwd, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	at.Do("write "+text+" to "+path, tape.Want(len(text)), unix.SYS_WRITE, fd, text, len(text))
	at.Do("close", 0, unix.SYS_CLOSE, fd)
}

// limits bounds the command, which can't raise them: it has no capability.
func (w *writer) limits() {
	at, l := w.restrict(refusal.Limits), w.plan.Limits
	set := func(what string, resource int, value uint64) {
		if value != 0 {
			limit, _ := w.Words(value, value)
			at.Do("limit of "+what, 0, unix.SYS_PRLIMIT64, 0, resource, limit, 0)
		}
	}
	set("core", unix.RLIMIT_CORE, l.Core)
	set("file size", unix.RLIMIT_FSIZE, l.FileSize)
	set("open files", unix.RLIMIT_NOFILE, l.OpenFiles)
	set("queued signals", unix.RLIMIT_SIGPENDING, l.Signals)
	set("message queues", unix.RLIMIT_MSGQUEUE, l.Queues)
	set("cpu time", unix.RLIMIT_CPU, l.CPU)
	if l.By == plan.ByUser {
		set("processes", unix.RLIMIT_NPROC, uint64(l.Processes))
	}
}
