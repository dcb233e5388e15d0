//go:build linux

package launcher

import (
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/ignored"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// The descriptors of the confined processes, beside 0 to 2.
const (
	syncFD = 3 // the command's channel; its end tells of the exec
	lifeFD = 4 // the init's channel; its end, when we die, ends the tree
	sigFD  = 5 // the init's signalfd

	hostFD = 6 // the init's socket that the command must not reach

	cgroupFD = 5 // before it: the cgroup that the command is made in
)

// writer is the state of one plan being written onto a tape.
type writer struct {
	*tape.Tape
	plan *plan.Plan
	cmd  launch.Command

	ignored ignored.Set // the signals that the processes ignore, because this program did at the clone

	joint
	unreached tape.Slot // where the init has the socket that the command must not reach
	trials    []trial
	execs     []tape.Op
	sweeps    []sweep
	parts     []part // for people to read
}

// part is a run of ops that one process makes.
type part struct {
	from int
	who  string
}

// The processes, as people read them. Before the fork an op is for both.
const (
	whoBoth    = "both"
	whoCommand = "command"
	whoInit    = "init"
)

// who says whose the next ops are.
func (w *writer) who(process string) { w.parts = append(w.parts, part{w.Len(), process}) }

// joint is where the part of the tape that is for one command joins the part that
// is the same for all.
type joint struct {
	mounted tape.Slot // eventfd: the init has made the view
	rules   tape.Op   // the command's jump to its part for one view
	view    tape.Op   // the init's
	streams tape.Slot // where the command has its standard streams
	command tape.Op   // the jumps to their parts
	init    tape.Op
}

// Give tells the processes what to start: it writes the rest of the tape, and lets
// the command go on. That they have ended is no error here. With an error they are still there, to be looked at before
// they are ended.
func (l *Launch) Give(c launch.Command) error {
	l.deadline = time.Now().Add(patience)
	if l.plan.Offline() && c.Terminal == nil && slices.ContainsFunc(c.Stdio[:], datagram) {
		return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StageConfine, Restriction: refusal.HostSockets,
			Reason: "a standard stream is a datagram socket, which reaches others of the host without a connect", Hint: "give the command a pipe or a stream socket"}
	}
	l.paths = c.Paths
	w := &writer{Tape: l.tape, plan: l.plan, cmd: c, ignored: l.ignored, joint: l.joint, trials: l.trials}
	listener, port, err := listen() // only now: nobody else need see it
	if err != nil {
		return err
	}
	l.listener = listener
	w.rest(port)
	if err := w.Err(); err != nil {
		return err
	}
	l.trials, l.execs, l.sweeps = w.trials, w.execs, w.sweeps
	l.parts = append(l.parts, w.parts...)
	var streams []byte
	if c.Terminal == nil {
		streams = unix.UnixRights(c.Stdio[:]...)
	}
	return l.tellIfThere(l.sync, streams)
}

// datagram reports whether a descriptor is a socket with which sendto needs no connect,
// of whatever family: it is of the host's network.
func datagram(fd int) bool {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err == unix.ENOTSOCK || err == unix.EBADF { // the latter for one that can't be used either
		return false
	}
	return err != nil || kind != unix.SOCK_STREAM && kind != unix.SOCK_SEQPACKET
}

// namespaces writes the part that comes first, before the fork. While the process is at
// it, what follows is written: it waits at the end.
func (w *writer) namespaces() {
	w.who(whoBoth)
	w.prologue()
	if w.plan.Confined() {
		w.beFirst()
		w.restrict(refusal.MountNamespace).Do("unshare mount namespace", 0, unix.SYS_UNSHARE, unix.CLONE_NEWNS)
		w.mounted = w.For("").Save("eventfd", tape.OK, unix.SYS_EVENTFD2, 0, unix.EFD_CLOEXEC)
	}
	w.hear(lifeFD)
}

// foundation writes the rest of what depends on no folder. The init waits at its end, and
// the command for the init's view.
func (w *writer) foundation() {
	confined := w.plan.Confined()
	fork := w.fork()
	w.who(whoCommand)
	w.endWithInit()
	w.ownCgroup()
	w.session()
	if confined {
		w.keyring()
		w.sendListener(w.seccomp()) // nothing of what is left needs what it forbids
	}
	w.say(syncFD, messageFixed)
	if confined {
		w.awaitView()
		w.joint.rules = w.For("").Jump()
	} else {
		w.awaitCommand() // there is no view
	}
	w.Resume(fork)
	w.who(whoInit)
	w.hear(lifeFD)
	w.joint.view = w.For("").Jump()
}

// standing writes the part that is the same for all commands under a plan. Both
// processes wait at its end.
func (w *writer) standing() {
	if w.plan.Confined() {
		w.Resume(w.joint.rules)
		w.who(whoCommand)
		w.landlock()
		w.dropCapabilities(refusal.Capabilities)
		w.awaitCommand()
	}
	w.Resume(w.joint.view)
	w.who(whoInit)
	w.harden()
	w.joint.init = w.For("").Jump()
}

// awaitCommand ends the part that is the same for all commands.
func (w *writer) awaitCommand() {
	w.awaitStreams()
	w.joint.command = w.For("").Jump()
}

// landlocked is the command's way where there are no namespaces. Who isn't root has no
// capabilities that could be taken, and may not set the bits.
func (w *writer) landlocked() {
	w.keyring()
	if w.plan.UID == 0 {
		w.privileges()
	} else {
		w.noNewPrivs()
	}
	w.landlock()
	w.dropCapabilities(refusal.Capabilities)
	w.seccomp()
}

// rest writes the part that is for one command.
func (w *writer) rest(port int) {
	w.Resume(w.joint.command)
	w.who(whoCommand)
	w.command(port)
	w.Resume(w.joint.init)
	w.who(whoInit)
	w.seal()
}

// command is the second process's part of the tape.
func (w *writer) command(port int) {
	w.takeStreams()
	if w.cmd.Terminal != nil {
		w.terminal()
	}
	w.restrict(refusal.WorkingDir).Do("enter "+w.cmd.Dir, 0, unix.SYS_CHDIR, w.cmd.Dir)
	w.closeFrom(lifeFD)
	if w.plan.Rung == plan.Landlocked {
		w.landlocked() // the terminal is there, which the rules would keep away
	}
	if w.plan.Restricted() {
		w.limits()
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
