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
	syncFD = 3 // the command's channel; the channel ends at the exec
	lifeFD = 4 // the init's channel; the channel's end, when we die, ends the tree
	sigFD  = 5 // the init's signalfd

	hostFD = 6 // the init's socket, out of the command's reach

	cgroupFD = 5 // before sigFD: the cgroup for the command
)

// writer is the state while a plan is written onto a tape.
type writer struct {
	*tape.Tape
	plan *plan.Plan
	cmd  launch.Command

	ignored ignored.Set // the signals that the processes ignore, because this program did at the clone

	joint
	servers   int       // the port of the listener for servers by name
	resolver  [4]byte   // the address of the name server
	unreached tape.Slot // where the init has the socket out of the command's reach
	trials    []trial
	execs     []tape.Op
	sweeps    []sweep
	parts     []part // for people to read
}

// part is a run of ops of a single process.
type part struct {
	from int
	who  string
}

// The processes, for people to read. An op before the fork is for both.
const (
	whoBoth    = "both"
	whoCommand = "command"
	whoInit    = "init"
)

// who says which process makes the next ops.
func (w *writer) who(process string) { w.parts = append(w.parts, part{w.Len(), process}) }

// joint is where the part of the tape for a single command joins the part that is the
// same for all commands.
type joint struct {
	mounted tape.Slot // eventfd: the init has made the view
	rules   tape.Op   // the command's jump to the part for a view
	view    tape.Op   // the init's jump to the part for a view
	streams tape.Slot // where the command has its standard streams
	command tape.Op   // the command's jump to the part for a command
	init    tape.Op
}

// Give sends the processes their command: Give writes the rest of the tape, and lets the
// command go on. The end of a process is not an error of Give. After an error the
// processes still exist, to be measured before the caller ends them.
func (l *Launch) Give(c launch.Command) error {
	l.deadline = time.Now().Add(patience)
	if l.plan.Offline() && c.Terminal == nil && slices.ContainsFunc(c.Stdio[:], datagram) {
		return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StageConfine, Restriction: refusal.HostSockets,
			Reason: "a standard stream is a datagram socket, which reaches others of the host without a connect", Hint: "give the command a pipe or a stream socket"}
	}
	if err := l.renewGit(c.Kept); err != nil {
		return err
	}
	l.paths = c.Paths
	w := &writer{Tape: l.tape, plan: l.plan, cmd: c, ignored: l.ignored, joint: l.joint, trials: l.trials, servers: l.serversPort, resolver: l.resolver}
	listener, port, err := listen() // only now: no other code needs the listener
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

// datagram reports whether a descriptor is a socket that can send without a connect, of
// any family: the socket belongs to the host's network.
func datagram(fd int) bool {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err == unix.ENOTSOCK || err == unix.EBADF { // EBADF also for a descriptor that can't be used
		return false
	}
	return err != nil || kind != unix.SOCK_STREAM && kind != unix.SOCK_SEQPACKET
}

// namespaces writes the first part, before the fork. The process works on the first part
// while the next part is written, and waits at the end.
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

// foundation writes the rest of the part that depends on no folder. The init waits at the
// end of the part, and the command waits for the init's view.
func (w *writer) foundation() {
	confined := w.plan.Confined()
	fork := w.fork()
	w.who(whoCommand)
	w.endWithInit()
	w.ownCgroup()
	w.session()
	if confined {
		w.keyring()
		servers := w.serversSockets()
		w.sendListeners(w.seccomp(), servers) // no later step needs a forbidden call
	}
	w.say(syncFD, messageFixed)
	if confined {
		w.awaitView()
		w.joint.rules = w.For("").Jump()
	} else {
		w.awaitCommand() // without a view
	}
	w.Resume(fork)
	w.who(whoInit)
	w.hear(lifeFD)
	w.joint.view = w.For("").Jump()
}

// standing writes the part that is the same for all commands under a plan. Both processes
// wait at the end of the part.
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

// landlocked writes the command's part without namespaces. A user other than root has no
// capabilities to drop, and may not set the securebits.
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

// rest writes the part for a single command.
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
		w.landlocked() // after the terminal: the rules would keep the terminal away
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

// listen makes the listener for the trial of the network: the command must not reach the
// listener.
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
