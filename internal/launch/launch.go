//go:build linux

package launch

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/tape"
	"github.com/lockstile/lockstile/refusal"
)

// The descriptors of the confined processes, beside 0 to 2.
const (
	syncFD = 3 // the command's channel; its end tells of the exec
	lifeFD = 4 // the init's channel; its end, when we die, ends the tree
	sigFD  = 5 // the init's signalfd
)

// writer is the state of one plan being written onto a tape.
type writer struct {
	*tape.Tape
	plan *plan.Plan
	cmd  Command

	mounted tape.Slot // eventfd: the init has made the view
	trials  []trial
	execs   []tape.Op
	sweeps  []sweep
}

// Start starts the first process. The process is on its way when Start returns;
// the caller must end it with Kill, or release it and wait. With a *Fault it is
// there too, to be looked at before it is ended.
func (l *Launcher) Start(p *plan.Plan, c Command) (*Launch, error) {
	place, err := l.take(p)
	if err != nil {
		return nil, err
	}
	err = place.fill(p, c)
	if _, fault := err.(*Fault); err != nil && !fault {
		place.Kill()
		return nil, err
	}
	return place, err
}

// fill writes the rest of the tape for a first process that waits for it, and
// lets it go on.
func (l *Launch) fill(p *plan.Plan, c Command) error {
	l.deadline = time.Now().Add(patience)
	l.paths = c.Paths
	w := &writer{Tape: l.tape, plan: p, cmd: c}
	w.rest(l.streams, l.port)
	if err := w.Err(); err != nil {
		return err
	}
	l.trials, l.execs, l.sweeps = w.trials, w.execs, w.sweeps
	if err := l.await(messagePlaced); err != nil {
		return err
	}
	var streams []byte
	if c.Terminal == nil {
		streams = unix.UnixRights(c.Stdio[:]...)
	}
	return os.NewSyscallError("sendmsg", unix.Sendmsg(l.life, []byte{messageGo}, streams, nil, unix.MSG_NOSIGNAL))
}

// place is the part of the tape that is the same for all commands.
func (w *writer) place() (streams tape.Slot) {
	w.prologue()
	w.say(lifeFD, messagePlaced)
	return w.awaitCommand()
}

// rest is the part that is for one command, and says where its parts begin.
func (w *writer) rest(streams tape.Slot, port int) (fork tape.Op, init int) {
	w.streams(streams)
	if w.plan.Rung == plan.Full {
		w.restrict(refusal.MountNamespace).Do("unshare mount namespace", 0, unix.SYS_UNSHARE, unix.CLONE_NEWNS)
		w.mounted = w.For("").Save("eventfd", tape.OK, unix.SYS_EVENTFD2, 0, unix.EFD_CLOEXEC)
	}
	fork = w.For("").Fork()
	w.command(port)
	w.Resume(fork)
	init = w.Len()
	w.init()
	return fork, init
}

// command is the second process's part of the tape.
func (w *writer) command(port int) {
	confined := w.plan.Rung == plan.Full
	w.endWithInit()
	if confined {
		w.awaitView()
	}
	w.session()
	if w.cmd.Terminal != nil {
		w.terminal()
	}
	w.restrict(refusal.WorkingDir).Do("enter "+w.cmd.Dir, 0, unix.SYS_CHDIR, w.cmd.Dir)
	w.closeFrom(lifeFD)
	if confined {
		w.keyring()
		w.landlock()
		w.dropCapabilities(refusal.Capabilities)
		w.seccomp() // last: it forbids what the others need
	}
	w.say(syncFD, messageReady)
	w.commandTrials(port)
	w.say(syncFD, messageProbed)
	w.hear(syncFD)
	w.exec()
}

// listen makes the listener that the command must not reach.
func listen() (fd, port int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, 0, os.NewSyscallError("socket", err)
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		err = unix.Listen(fd, 1)
	}
	var sa unix.Sockaddr
	if err == nil {
		sa, err = unix.Getsockname(fd)
	}
	if err != nil {
		unix.Close(fd)
		return -1, 0, os.NewSyscallError("listen on loopback", err)
	}
	return fd, sa.(*unix.SockaddrInet4).Port, nil
}
