//go:build linux

package launcher

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/ignored"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/gitfs"
	"github.com/lockstile/lockstile/internal/linux/supervise"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/tally"
	"github.com/lockstile/lockstile/refusal"
)

// The protocol, one byte a message. Each process has a channel of its own: the order
// between the two channels does not matter.
//
//	command          parent            init
//	                go           ───▶  (makes the command)
//	listener  ───▶  (with it, where the command's connects are ours, and with that for servers by name)
//	fixed     ───▶  looks at it
//	                go           ───▶
//	(Landlock)                         (the view is made)
//	                serves it    ◀───  git (with a device, where a git directory is served)
//	                looks at it  ◀───  hardened
//	          ◀───  go, with its streams
//	terminal  ───▶  (with its master, where one is asked for)
//	ready     ───▶  looks at it
//	(trials)        go           ───▶  (undumpable)
//	probed    ───▶  looks again  ◀───  sealed
//	          ◀───  go
//	(execve: its channel ends)
//	                signals      ───▶
//	                             ◀───  over (nothing of the tree is left)
const (
	messageFixed    = 'X'
	messageListener = 'N'
	messageTerminal = 'T'
	messageReady    = 'R'
	messageProbed   = 'P'
	messageHardened = 'H'
	messageSealed   = 'S'
	messageGit      = 'D'
	messageGo       = 'G'
)

// say sends a message to the parent; the kernel adds the sender.
func (w *writer) say(fd int, message byte) {
	w.fault("before " + string(message))
	w.For("").Do("tell the parent "+string(message), 1, unix.SYS_WRITE, fd, string(message), 1)
}

// hear waits for the parent's word; the end of the channel stops the process.
func (w *writer) hear(fd int) {
	buf, _ := w.Words(0)
	w.For("").Do("wait for the parent", 1, unix.SYS_READ, fd, buf, 1)
}

// Launch is a start on its way. A Launch is not safe for concurrent use.
type Launch struct {
	plan        *plan.Plan
	tape        *tape.Tape
	first       tape.Process
	sync        int     // our end of the command's channel
	life        int     // our end of the init's channel
	mounts      *Mounts // made before the copy of the mounts; nil from the release on
	listener    int
	joint       joint
	command     int                   // the command's pid, in our pid namespace; 0 before the first message
	pidfd       int                   // of the command
	cgroup      *cgroup               // the command's own; nil for none
	master      int                   // of the command's terminal; -1 for none
	connects    *supervise.Supervisor // nil without supervised connects, and from Release on
	served      *supervise.Supervisor // the same, from Release on
	servers     int                   // the listener for servers by name; -1 for none
	serversPort int                   // where it listens
	names       int                   // the name server's socket; -1 for none
	resolver    [4]byte               // the address for it
	joined      *loopback             // the shared loopback; nil for one of the command's own
	network     *Network              // for published ports; nil for none
	git         *gitfs.Server         // nil without a git directory
	inside      inside                // 0 or -1 where nothing is pinned later
	kept        string                // see launch.Command
	deadline    time.Time
	seen        map[byte]bool
	trials      []trial
	execs       []tape.Op
	sweeps      []sweep
	paths       []string
	parts       []part
	ignored     ignored.Set // what this program ignored when the first process was made
	cloned      int64       // when the first process was asked for, as tape.Returned
}

// Settled reports whether every step of a restriction has been made, also for a
// restriction without steps: then nothing of the restriction is still to come.
func (l *Launch) Settled(r refusal.Restriction) bool { return l.tape.Settled(string(r)) }

// Init and Command are the pids of the two processes.
func (l *Launch) Init() int { return l.first.PID }

// Command is 0 until Fixed has returned.
func (l *Launch) Command() int { return l.command }

// Fixed waits until the command's namespaces can't change any more: the filter is in
// force, if the plan has a filter.
func (l *Launch) Fixed() error { return l.await(messageFixed) }

// Ready waits until all restrictions of the command are in force.
func (l *Launch) Ready() error { return l.await(messageReady) }

// Probed waits until the command has made all trials.
func (l *Launch) Probed() error { return l.await(messageProbed) }

// Hardened waits until the init has taken every restriction except the last.
func (l *Launch) Hardened() error {
	if err := l.await(messageHardened); err != nil {
		return err
	}
	if len(l.plan.Publish) > 0 && l.network == nil {
		var err error
		if l.network, err = l.openNetwork(); err != nil {
			return err
		}
	}
	return l.openInside()
}

// Seal makes the init undumpable, the last restriction of the init.
func (l *Launch) Seal() error { return l.tell(l.life, nil) }

// Sealed waits until the init has taken its last restriction.
func (l *Launch) Sealed() error { return l.await(messageSealed) }

// await reads both channels until the message has come.
func (l *Launch) await(message byte) error {
	for !l.seen[message] {
		fds := []unix.PollFd{{Fd: int32(l.sync), Events: unix.POLLIN}, {Fd: int32(l.life), Events: unix.POLLIN}, {Fd: -1}}
		if l.connects != nil {
			fds[2] = unix.PollFd{Fd: int32(l.connects.Listener()), Events: unix.POLLIN}
		}
		if err := l.poll(fds); err != nil {
			return err
		}
		if fds[2].Revents&unix.POLLIN != 0 {
			l.connects.Answer(l.deadline)
		}
		for i, process := range []int{tape.Second, tape.First} {
			if fds[i].Revents == 0 {
				continue
			}
			if err := l.receive(process, int(fds[i].Fd)); err != nil {
				return err
			}
		}
	}
	return nil
}

// poll waits until a descriptor of fds can be read, at most to the deadline.
func (l *Launch) poll(fds []unix.PollFd) error {
	for {
		left := time.Until(l.deadline)
		if left <= 0 {
			return l.late()
		}
		n, err := unix.Poll(fds, int(left/time.Millisecond)+1)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
		if n > 0 {
			return nil
		}
	}
}

// receive takes a message; a failure and an end are errors.
func (l *Launch) receive(process, fd int) error {
	var b [1]byte
	oob := make([]byte, unix.CmsgSpace(unix.SizeofUcred)+unix.CmsgSpace(4*4))
	n, oobn, _, _, err := unix.Recvmsg(fd, b[:], oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return nil
	case err == unix.ECONNRESET: // the process ended before reading our word
		n = 0
	case err != nil:
		return os.NewSyscallError("recvmsg", err)
	}
	err = nil
	switch {
	case process == tape.Second && n == 1:
		err = l.readControl(oob[:oobn])
	case process == tape.First && n == 1 && b[0] == messageGit:
		err = l.takeDevice(oob[:oobn])
	}
	if err != nil {
		return err
	}
	if n == 1 && b[0] != tape.MessageFailed {
		l.seen[b[0]] = true
		return nil
	}
	return l.fault(process, n == 1)
}

func (l *Launch) fault(process int, alive bool) *launch.Fault {
	f := &launch.Fault{Who: "init", PID: l.first.PID, At: l.where()}
	if process == tape.Second {
		f.Who, f.PID = "command", l.command
	}
	if !alive {
		f.PID = 0
		// Each process's end is visible at the other channel too.
		if l.tape.Failed(process) == nil && l.tape.Failed(tape.First) != nil {
			process, f.Who = tape.First, "init"
		}
	}
	// After the command's death, a failure of the init is only a consequence.
	if failed := l.tape.Failed(process); failed != nil && !(process == tape.First && l.commandDead()) {
		f.Restriction, f.Step = refusal.Restriction(failed.Label), failed
	}
	return f
}

// commandDead reports whether the command has ended. Before the command's first message,
// only the init's list has the pid (proc_pid_task_children(5)).
func (l *Launch) commandDead() bool {
	if l.pidfd >= 0 {
		return ended(l.pidfd)
	}
	init := strconv.Itoa(l.first.PID)
	children, err := os.ReadFile("/proc/" + init + "/task/" + init + "/children")
	if err != nil || len(children) == 0 {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(children)) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// ended reports whether the process of a pidfd has ended (pidfd_open(2)).
func ended(pidfd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 0)
	return n == 1 && err == nil
}

func (l *Launch) late() *launch.Fault { return &launch.Fault{Who: "init", Late: true, At: l.where()} }

func (l *Launch) where() string {
	return fmt.Sprintf("init at: %s; command at: %s", l.tape.At(tape.First), l.tape.At(tape.Second))
}

// Connects is how many connects have come to us; -1 without supervised connects.
func (l *Launch) Connects() int {
	if l.connects == nil {
		return -1
	}
	return l.connects.Count()
}

// Terminal returns the outer end of the command's terminal, once, for output and for
// input; nil without a terminal. The caller must close the file.
func (l *Launch) Terminal() (out, in *os.File) {
	if l.master < 0 {
		return nil, nil
	}
	_ = unix.SetNonblock(l.master, true) // for deadlines, and to let a Close end a Read
	f := os.NewFile(uintptr(l.master), "terminal")
	l.master = -1
	return f, f
}

// tell sends the word to go on, with control data if any.
func (l *Launch) tell(fd int, control []byte) error {
	for {
		err := unix.Sendmsg(fd, []byte{messageGo}, control, nil, unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			return os.NewSyscallError("write to the sandbox", err)
		}
	}
}

// tellIfThere is tell to a process that may have ended: the wait for the process's
// messages finds the end.
func (l *Launch) tellIfThere(fd int, control []byte) error {
	err := l.tell(fd, control)
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		return nil
	}
	return err
}

// Release lets the command's first instruction run, and returns after the exec. If the
// command does not exist, the error is an *ExecError and the tree has ended.
func (l *Launch) Release() (*Running, error) {
	l.deadline = time.Now().Add(patience)
	if l.git != nil {
		l.git.Release()
	}
	if err := l.tell(l.sync, nil); err != nil {
		l.Kill()
		return nil, err
	}
	err := l.awaitExec()
	if err != nil {
		l.Kill()
		return nil, err
	}
	tally.Count(tally.Command)
	if l.connects != nil {
		l.connects.Serve()
		l.served, l.connects = l.connects, nil
	}
	unix.Close(l.sync)
	unix.Close(l.listener)
	l.mounts.Close()
	l.sync, l.listener, l.mounts = -1, -1, nil
	l.tape.Rest()
	l.plan, l.trials, l.execs, l.paths, l.parts, l.seen = nil, nil, nil, nil, nil, nil
	return newRunning(l), nil
}

// awaitExec waits for the end of the command's channel: execve closes the channel.
// awaitExec ignores the init's channel: after a short command the end of the init may be
// visible first.
func (l *Launch) awaitExec() error {
	for {
		if err := l.poll([]unix.PollFd{{Fd: int32(l.sync), Events: unix.POLLIN}}); err != nil {
			return err
		}
		err := l.receive(tape.Second, l.sync)
		if err == nil {
			continue
		}
		switch failed := l.tape.Failed(tape.Second); {
		case failed == nil:
			return nil
		case failed.Op >= l.execs[0]:
			return l.execError()
		}
		return err
	}
}

// Kill ends the tree and waits for its end.
func (l *Launch) Kill() {
	if l.first.PID == 0 {
		l.close()
		return
	}
	for _, fd := range []int{l.pidfd, l.first.Pidfd} {
		if fd >= 0 { // an ended process is as good
			_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		}
	}
	l.reap()
	l.close()
}

// reap waits for the first process's end.
func (l *Launch) reap() (syscall.WaitStatus, error) {
	var ws unix.WaitStatus
	for {
		_, err := unix.Wait4(l.first.PID, &ws, unix.WALL, nil)
		if err == unix.EINTR {
			continue
		}
		return syscall.WaitStatus(ws), os.NewSyscallError("wait4", err)
	}
}

func (l *Launch) close() {
	l.cgroup.remove()
	l.mounts.Close()
	l.mounts = nil
	for _, fd := range []*int{&l.sync, &l.life, &l.listener, &l.pidfd, &l.master, &l.servers, &l.names, &l.first.Pidfd} {
		if *fd > 0 {
			unix.Close(*fd)
		}
		*fd = -1
	}
	if l.connects != nil {
		l.connects.Close()
		l.connects = nil
	}
	l.finishGit()
	l.inside.close()
	l.network.Close()
	l.network = nil
	l.first.PID = 0
	l.tape.Free() // unmapping our own mapping can't fail
}
