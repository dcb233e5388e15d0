//go:build linux

package launcher

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
)

// trial is an op by which a confined process tries a forbidden or allowed act, or asks
// the kernel about itself.
type trial struct {
	name string
	op   tape.Op
	slot tape.Slot // where the answer is, unless the result is the answer
	text tape.Slot // where the answer is, for text
}

// values are the trials whose result is an answer.
var values = map[string]bool{
	"securebits": true, "session keyring": true, "init is dumpable": true,
	"parent-death signal": true, "subreaper": true,
}

func (w *writer) try(name string, nr uintptr, args ...any) {
	w.trials = append(w.trials, trial{name: name, op: w.For("").Do("try: "+name, tape.Any, nr, args...)})
}

// ask is try for a prctl that answers through a pointer.
func (w *writer) ask(name string, option int) {
	at := w.Slot()
	addr := w.AddrOf(at)
	op := w.For("").Do("ask: "+name, 0, unix.SYS_PRCTL, option, addr, 0, 0, 0)
	w.trials = append(w.trials, trial{name: name, op: op, slot: at})
}

// commandTrials come when all restrictions are in force. The trials leave nothing
// changed; trials that could change something without seccomp come last.
func (w *writer) commandTrials(port int) {
	w.ask("parent-death signal", unix.PR_GET_PDEATHSIG)
	if w.plan.Rung == plan.Unconfined {
		return
	}
	w.try("securebits", unix.SYS_PRCTL, unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	if w.plan.Rung == plan.Landlocked {
		w.landlockedTrials()
		return
	}
	w.tryOpen("write to the root", "/", unix.O_TMPFILE|unix.O_WRONLY)
	w.tryOpen("write to the probe file", plan.ProbeFile, unix.O_WRONLY)
	if w.plan.Limits.By == plan.ByNamespace {
		w.tryRead("the most processes", pidMax)
	}
	if w.plan.Limits.Inotify > 0 {
		w.tryRead("the most inotify instances", mostInotify)
	}
	if w.plan.Limits.Watches > 0 {
		w.tryRead("the most watches", mostWatches)
	}
	if w.plan.Landlock.Hides() {
		w.tryOpen("read a file that may not be", plan.UnreadFile, unix.O_RDONLY)
	}
	for _, dir := range w.plan.WriteIn {
		w.tryWrite(dir)
	}
	if len(w.plan.WriteIn) == 0 {
		w.tryOpen("write in "+w.plan.Workspace, w.plan.Workspace, unix.O_TMPFILE|unix.O_WRONLY)
	}
	for _, m := range w.plan.View {
		if m.Trusted {
			w.try("change "+m.Path, unix.SYS_FACCESSAT2, cwd, m.Path, unix.W_OK, unix.AT_SYMLINK_NOFOLLOW)
		}
	}
	w.cacheTrials()
	w.gitTrials()
	w.tryConnect("reach the host", port)
	w.tryListener()
	if w.plan.OwnSockets() {
		w.tryHostSocket()
	}
	if w.plan.Supervised {
		w.trySocket("datagram socket", unix.AF_UNIX, unix.SOCK_DGRAM)
	}
	w.try("packet socket", unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	w.try("signal the init", unix.SYS_KILL, 1, 0)
	w.try("io_uring", unix.SYS_IO_URING_SETUP, 0, 0)
	w.try("mount", unix.SYS_MOUNT, "none", "/dev/shm", "tmpfs", 0, 0)
	w.try("user namespace", unix.SYS_UNSHARE, unix.CLONE_NEWUSER)
}

// landlockedTrials are the trials without a file of the view.
func (w *writer) landlockedTrials() {
	w.tryOpen("write to a file of its own", "/proc/self/comm", unix.O_WRONLY)
	w.tryOpen("read a file that may not be", w.plan.Log, unix.O_RDONLY)
	w.trySocket("internet socket", unix.AF_INET, unix.SOCK_STREAM)
	w.trySocket("datagram socket", unix.AF_UNIX, unix.SOCK_DGRAM)
	w.trySocket("packet socket", unix.AF_PACKET, unix.SOCK_RAW)
	w.try("connect", unix.SYS_CONNECT, -1, 0, 0)
	for _, dir := range w.plan.WriteIn {
		w.tryWrite(dir)
	}
	if len(w.plan.WriteIn) > 0 {
		w.try("make a set-user-ID file", unix.SYS_FCHMOD, -1, unix.S_ISUID)
	} else {
		w.try("change a mode", unix.SYS_FCHMOD, -1, 0)
	}
	parent := w.For("").Save("who is the init", tape.OK, unix.SYS_GETPPID)
	w.try("signal the init", unix.SYS_KILL, parent, 0)
	w.try("io_uring", unix.SYS_IO_URING_SETUP, 0, 0)
	w.try("mount", unix.SYS_MOUNT, "none", "/none", "tmpfs", 0, 0)
	w.try("user namespace", unix.SYS_UNSHARE, unix.CLONE_NEWUSER)
}

// tryWrite makes a file without a name. A few file systems have no such files: there the
// user's own rights are asked for.
func (w *writer) tryWrite(dir string) {
	w.tryOpen("write in "+dir, dir, unix.O_TMPFILE|unix.O_WRONLY)
	w.try("access to "+dir, unix.SYS_FACCESSAT, cwd, dir, unix.W_OK|unix.X_OK)
}

// tryOpen closes the opened file again.
func (w *writer) tryOpen(name, path string, flags int) {
	fd := w.Slot()
	op := w.For("").Into(fd, "try: "+name, tape.Any, unix.SYS_OPENAT, cwd, path, flags|unix.O_CLOEXEC, 0o600)
	w.trials = append(w.trials, trial{name: name, op: op})
	w.For("").Do("close", tape.Any, unix.SYS_CLOSE, fd)
}

// mostText is how many bytes of a file are read.
const mostText = 16

// tryRead reads the beginning of a file.
func (w *writer) tryRead(name, path string) {
	fd := w.Slot()
	w.For("").Into(fd, "open "+path, tape.Any, unix.SYS_OPENAT, cwd, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	text, slot := w.Bytes(make([]byte, mostText))
	op := w.For("").Do("try: "+name, tape.Any, unix.SYS_READ, fd, text, mostText)
	w.trials = append(w.trials, trial{name: name, op: op, text: slot})
	w.For("").Do("close", tape.Any, unix.SYS_CLOSE, fd)
}

// trySocket closes the new socket again.
func (w *writer) trySocket(name string, family, kind int) {
	fd := w.Slot()
	op := w.For("").Into(fd, "try: "+name, tape.Any, unix.SYS_SOCKET, family, kind|unix.SOCK_CLOEXEC, 0)
	w.trials = append(w.trials, trial{name: name, op: op})
	w.For("").Do("close", tape.Any, unix.SYS_CLOSE, fd)
}

// tryHostSocket tries to reach a Unix socket from before the restrictions.
func (w *writer) tryHostSocket() {
	sock := w.For("").Save("socket", tape.OK, unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	address, _ := w.Bytes(socketAddress(plan.HostSocket))
	w.try("reach a socket of the host", unix.SYS_CONNECT, sock, address, unix.SizeofSockaddrUnix)
	w.For("").Do("close", 0, unix.SYS_CLOSE, sock)
}

// tryConnect tries to reach a listener of ours on the host's loopback.
func (w *writer) tryConnect(name string, port int) {
	sock := w.For("").Save("socket", tape.OK, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	w.try(name, unix.SYS_CONNECT, sock, w.sockaddr([4]byte{127, 0, 0, 1}, port), unix.SizeofSockaddrInet4)
	w.For("").Do("close", 0, unix.SYS_CLOSE, sock)
}

// Trials returns the results of the trials.
func (l *Launch) Trials() []launch.Trial {
	out := make([]launch.Trial, 0, len(l.trials))
	for _, t := range l.trials {
		r, ran := l.tape.Result(t.op)
		value := values[t.name]
		if ran && r == 0 && t.slot != 0 {
			r = int64(l.tape.Value(t.slot))
		}
		said := ""
		if ran && r >= 0 && t.text != 0 {
			said = strings.TrimSpace(l.tape.Text(t.text, int(min(r, mostText))))
		}
		out = append(out, launch.Trial{Name: t.name, Result: r, Ran: ran, Value: value && r >= 0, Text: said})
	}
	return out
}
