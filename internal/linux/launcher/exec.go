//go:build linux

package launcher

import (
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/nofile"
	"github.com/lockstile/lockstile/internal/linux/tape"
)

// exec starts the command: exec first restores the caller's signal mask and limit of open
// files, then tries the files one after another.
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
	// Reached if no file exists: the op stops the process with EPERM.
	w.execs = append(w.execs, plumbing.Do("find the command", 0, unix.SYS_SIGNALFD4, -1, 0, 0, 0))
}

// execError returns the error of the tries: the last error other than a missing file, as
// in execvp(3). A file in a folder without search permission counts as missing, as in
// shells.
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
