//go:build linux

package launcher

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/refusal"
)

// harden writes the init's part of the tape. The init makes the view, gives up the
// privileges for the view, and waits to be measured. The init is a process of its own
// because process 1 of a namespace ignores signals without a handler, and a command must
// not ignore signals.
func (w *writer) harden() {
	plumbing := w.For("")
	if w.plan.Confined() {
		w.view()
		one, _ := w.Words(1)
		plumbing.Do("init: the view is there", tape.Positive, unix.SYS_WRITE, w.mounted, one, 8)
		w.dropCapabilities(refusal.InitCapabilities)
		w.initLandlock()
		w.try("init opens a folder", unix.SYS_OPENAT, cwd, "/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	} else {
		w.ask("subreaper", unix.PR_GET_CHILD_SUBREAPER)
	}
	// All signals are blocked since the clone; the init reads SIGCHLD.
	chld, _ := w.Words(1 << (uint(unix.SIGCHLD) - 1))
	signals := plumbing.Save("init: signalfd", tape.OK, unix.SYS_SIGNALFD4, -1, chld, 8, unix.SFD_CLOEXEC)
	up := plumbing.Save("init: move it up", tape.OK, unix.SYS_FCNTL, signals, unix.F_DUPFD_CLOEXEC, 16)
	plumbing.Do("init: put it in its place", sigFD, unix.SYS_DUP3, up, sigFD, unix.O_CLOEXEC)
	w.initDescriptors()
	w.say(lifeFD, messageHardened)
	w.hear(lifeFD)
}

// seal is the init's last restriction; from then on the init only reaps, ends the tree,
// and sweeps.
func (w *writer) seal() {
	if w.plan.Confined() {
		// Only now: an undumpable process can be measured by root alone.
		w.restrict(refusal.InitUndumpable).Do("init: undumpable", 0, unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
		w.try("init is dumpable", unix.SYS_PRCTL, unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	}
	w.say(lifeFD, messageSealed)
	w.For("").Watch(lifeFD, sigFD)
	w.sweep()
}

// sweep takes back the protected names that the command made: sweep renames each name,
// since a name may be a whole folder. The sweep runs at the end of the tree, whoever
// ended the tree. A folder that was closed to its owner first gets its own mode again: the
// names with a pattern are read after the sweep, and the next start reads the folder too.
func (w *writer) sweep() {
	for _, s := range w.plan.Sweep {
		plumbing := w.For("")
		plumbing.Unless("sweep: is "+s.Dir+" open", unix.SYS_FACCESSAT, cwd, s.Dir, unix.R_OK|unix.W_OK|unix.X_OK)
		plumbing.Do("sweep: the mode of "+s.Dir, tape.Any, unix.SYS_FCHMODAT, cwd, s.Dir, int(s.Mode))
		// By a descriptor: thirty walks down the same path would take longer. The folder is
		// pinned, and a link on the way would be another folder's.
		how, _ := w.Words(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, unix.RESOLVE_NO_SYMLINKS)
		dir := plumbing.Save("sweep: find "+s.Dir, tape.Any, unix.SYS_OPENAT2, cwd, s.Dir, how, unix.SizeofOpenHow)
		for _, name := range s.Names {
			op := plumbing.Do("sweep: "+name, tape.Any, unix.SYS_RENAMEAT2, dir, name, dir, name+w.cmd.Denied, unix.RENAME_NOREPLACE)
			w.sweeps = append(w.sweeps, sweep{path: s.Dir + "/" + name, op: op})
		}
		if s.Bare != "" {
			w.sweepBare(s, dir)
		}
	}
}

// sweepBare takes back what makes the folder a bare repository. The tape can't ask for three
// names first: the name is renamed, and gets its name back if another part is absent.
func (w *writer) sweepBare(s host.Absent, dir tape.Slot) {
	plumbing := w.For("")
	to := s.Bare + w.cmd.Denied
	one := sweep{path: s.Dir + "/" + s.Bare}
	one.op = plumbing.Do("sweep: "+s.Bare, tape.Any, unix.SYS_RENAMEAT2, dir, s.Bare, dir, to, unix.RENAME_NOREPLACE)
	for _, part := range host.BareParts {
		if part != s.Bare {
			one.with = append(one.with, plumbing.Unless("sweep: is "+part+" there", unix.SYS_FACCESSAT, dir, part, unix.F_OK))
			plumbing.Do("sweep: no repository", tape.Any, unix.SYS_RENAMEAT2, dir, to, dir, s.Bare, unix.RENAME_NOREPLACE)
		}
	}
	w.sweeps = append(w.sweeps, one)
}

// sweep is the op that takes a name back if the name exists.
type sweep struct {
	path string
	op   tape.Op
	with []tape.Op // the name was taken back only if these succeeded
}

// unswept reports whether a name may be there still: the init was ended, or a rename failed.
func (l *Launch) unswept() bool {
	return slices.ContainsFunc(l.sweeps, func(s sweep) bool {
		r, ran := l.tape.Result(s.op)
		return !ran || r != 0 && r != -int64(unix.ENOENT)
	})
}

// denied lists the names that were taken back.
func (l *Launch) denied() []string {
	var out []string
	for _, s := range l.sweeps {
		failed := func(op tape.Op) bool {
			r, ran := l.tape.Result(op)
			return !ran || r != 0
		}
		if !failed(s.op) && !slices.ContainsFunc(s.with, failed) {
			out = append(out, s.path)
		}
	}
	return out
}

func (w *writer) initDescriptors() {
	at := w.restrict(refusal.InitDescriptors)
	at.Do("init: close stdin to the command's channel", 0, unix.SYS_CLOSE_RANGE, 0, syncFD, 0)
	last := sigFD
	if w.keepsSockets() { // until the command has tried to reach the socket
		last = hostFD
		at.Do("init: put the socket in its place", hostFD, unix.SYS_DUP3, w.unreached, hostFD, unix.O_CLOEXEC)
	}
	at.Do("init: close the rest", 0, unix.SYS_CLOSE_RANGE, last+1, 1<<31-1, 0)
}
