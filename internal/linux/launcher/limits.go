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

// scratchSize returns the mount option for a tmpfs with the plan's size.
func (w *writer) scratchSize() string {
	if w.plan.Limits.Scratch == 0 {
		return ""
	}
	return ",size=" + strconv.FormatUint(w.plan.Limits.Scratch, 10)
}

// boundNamespaces limits the pids and the watches of the namespaces. boundNamespaces
// comes before the step that makes /proc/sys read-only.
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

// beFirst makes the kernel end the command's processes first when memory runs out all the
// same: the kernel picks the largest process, and the init is small. beFirst comes before
// the view: in the view /proc may be read-only.
func (w *writer) beFirst() { w.writeFile(w.restrict(refusal.Limits), oomScoreAdj, "1000") }

// fork makes the command, in the start's cgroup if there is a cgroup. The init stays
// outside: the init reports every kind of end.
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

// limits bounds the command. Without capabilities the command can't raise the limits.
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
