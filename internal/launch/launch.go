//go:build linux

package launch

import (
	"os"
	"runtime"
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
	netR    tape.Slot // pipe: the command has made its network namespace
	netW    tape.Slot
	trials  []trial
	execs   []tape.Op
	sweeps  []sweep
}

// Start starts the first process. The process is on its way when Start returns;
// the caller must end it with Kill, or release it and wait.
func Start(p *plan.Plan, c Command) (*Launch, error) {
	t, err := tape.New(leftOut)
	if err != nil {
		return nil, err
	}
	l := &Launch{tape: t, sync: -1, life: -1, listener: -1, pidfd: -1, master: -1, deadline: time.Now().Add(patience), seen: map[byte]bool{}, paths: c.Paths}
	if err := l.start(p, c); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *Launch) start(p *plan.Plan, c Command) error {
	var ends [2]int // the processes' ends of the two channels
	for i, mine := range []*int{&l.sync, &l.life} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socketpair", err)
		}
		*mine, ends[i] = pair[0], pair[1]
		defer unix.Close(pair[1])
	}
	// The kernel adds the sender's pid, in our own pid namespace.
	if err := unix.SetsockoptInt(l.sync, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	listener, port, err := listen()
	if err != nil {
		return err
	}
	l.listener = listener

	// The mask is this thread's, and so is what a clone inherits.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w := &writer{Tape: l.tape, plan: p, cmd: c}
	w.write(ends, port)
	if err := w.Err(); err != nil {
		return err
	}
	l.trials, l.execs, l.sweeps = w.trials, w.execs, w.sweeps
	l.first, err = l.tape.Run(w.cloneFlags())
	return err
}

// write writes the whole tape and says where its parts begin.
func (w *writer) write(ends [2]int, port int) (fork tape.Op, init int) {
	w.prologue([5]int{w.cmd.Stdio[0], w.cmd.Stdio[1], w.cmd.Stdio[2], ends[0], ends[1]})
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
		w.network()
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
