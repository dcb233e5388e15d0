//go:build linux

package launcher

import (
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/nofile"
	"github.com/lockstile/lockstile/internal/linux/tape"
)

// exec puts the command in place: first what is ours alone is put back as the
// caller had it, then the files are tried one after the other.
func (w *writer) exec() {
	plumbing := w.For("")
	w.dispositions()
	mask, _ := w.Words(tape.SignalMask())
	plumbing.Do("signal mask", 0, unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, mask, 0, 8)
	if soft, hard, ok := nofile.Original(); ok {
		if most := w.plan.Limits.OpenFiles; most != 0 {
			soft, hard = min(soft, most), min(hard, most)
		}
		limit, _ := w.Words(soft, hard)
		plumbing.Do("open files limit", 0, unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, limit, 0)
	}
	argv, env := w.Strings(w.cmd.Argv), w.Strings(w.cmd.Env)
	for _, path := range w.cmd.Paths {
		w.execs = append(w.execs, plumbing.Do("execute "+path, tape.NextPath, unix.SYS_EXECVE, path, argv, env))
	}
	// Reached when no file was there: it stops the process with EPERM.
	w.execs = append(w.execs, plumbing.Do("find the command", 0, unix.SYS_SIGNALFD4, -1, 0, 0, 0))
}

// execError reads how the tries went: the last error that says more than that a
// file is not there counts, as in execvp(3). A file in a folder that may not be
// searched is not there either, as shells see it.
func (l *Launch) execError() *launch.ExecError {
	out := &launch.ExecError{Errno: unix.ENOENT}
	for i, op := range l.execs[:len(l.execs)-1] {
		r, ran := l.tape.Result(op)
		if errno := unix.Errno(-r); ran && errno != unix.ENOENT && errno != unix.ENOTDIR && !(errno == unix.EACCES && hidden(l.paths[i])) {
			out.Path, out.Errno = l.paths[i], errno
		}
	}
	return out
}

func hidden(path string) bool {
	var st unix.Stat_t
	return unix.Lstat(path, &st) == unix.EACCES
}
