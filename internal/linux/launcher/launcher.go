//go:build linux

// Package launcher carries a plan out on Linux: the launcher starts the confined
// processes, and leads the processes to the point where they wait for the release, with
// every restriction in force and every trial made. Each layer of the plan is written onto
// the tape by a file of its own.
//
// Package launcher must never judge the evidence, release without an order, or go on
// after a failed step of the plan.
package launcher

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/ignored"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
)

// Launcher makes the first processes. Several goroutines may use a Launcher.
type Launcher struct {
	spare   chan *tape.Tape // the first start's tape, made while the gate prepares the start
	cleared sync.Once       // of the cgroups left by other processes
	timed   bool            // the starts take the time of each call
	shared  shared
}

// NewLauncher makes a launcher.
func NewLauncher() *Launcher {
	l := &Launcher{spare: make(chan *tape.Tape, 1)}
	go func() {
		if t, err := tape.New(leftOut); err == nil { // after an error the start reports the error
			l.spare <- t
		}
		close(l.spare)
	}()
	return l
}

// TakeTimes lets later starts take the time of each call (Launch.Times).
func (l *Launcher) TakeTimes() { l.timed = true }

// Close frees the spare tape, and ends the loopback when no command is left in it. Starts go
// on.
func (l *Launcher) Close() error {
	l.shared.close()
	if t := <-l.spare; t != nil {
		return t.Free()
	}
	return nil
}

// newTape returns the spare tape, or makes a tape.
func (l *Launcher) newTape() (*tape.Tape, error) {
	if t := <-l.spare; t != nil {
		return t, nil
	}
	return tape.New(leftOut)
}

// Place makes the processes of a start. When Place returns, the processes are on their
// way; they stop at the point where they need a command, and Give sends the command. The
// caller must Release or Kill the Launch.
func (l *Launcher) Place(p *plan.Plan) (*Launch, error) {
	place, err := l.Begin(p)
	if err != nil {
		return nil, err
	}
	if err := place.Complete(p); err != nil {
		place.Kill()
		return nil, err
	}
	return place, nil
}

// Begin makes the processes of a start whose plan has only the foundation. The processes
// stop at the point where they need the folders, and Complete sends the folders. After a
// long wait before Complete or Give, Outdated reports whether the processes still serve.
func (l *Launcher) Begin(p *plan.Plan) (*Launch, error) {
	if p.Limits.Cgroup != "" {
		l.cleared.Do(func() { clearCgroups(p.Limits.Cgroup) })
	}
	t, err := l.newTape()
	if err != nil {
		return nil, err
	}
	if l.timed {
		t.TakeTimes()
	}
	place := &Launch{tape: t, sync: -1, life: -1, listener: -1, pidfd: -1, master: -1, servers: -1, names: -1, deadline: time.Now().Add(patience), seen: map[byte]bool{}}
	place.joined = l.shared.of(p.Loopback)
	in, err := l.joinOf(p)
	if err == nil {
		err = place.make(p, in)
	}
	if err != nil {
		place.Kill()
		return nil, err
	}
	return place, nil
}

// Complete sends the folders to the processes: p is the whole plan, with the same
// foundation. The end of a process is not an error of Complete. After an error the
// processes still exist, to be measured before the caller ends them.
func (l *Launch) Complete(p *plan.Plan) error {
	l.plan = p
	w := &writer{Tape: l.tape, plan: p, joint: l.joint, trials: l.trials, resolver: l.resolver}
	w.standing()
	if err := w.Err(); err != nil {
		return err
	}
	l.joint, l.trials = w.joint, w.trials
	l.parts = append(l.parts, w.parts...)
	return l.tellIfThere(l.life, nil)
}

// Outdated reports whether processes from a while ago can't serve any more: the host's
// mounts have changed since, or the processes have ended. The evidence of the start shows
// whether each file is still the same, as in any start.
func (l *Launch) Outdated() bool { return l.mounts.Changed() || ended(l.first.Pidfd) }

func (l *Launch) make(p *plan.Plan, in *tape.Join) error {
	// Before the copy of the mounts: changes from here on are noticed.
	var err error
	if l.mounts, err = WatchMounts(); err != nil {
		return err
	}
	if l.cgroup, err = newCgroup(p.Limits); err != nil {
		return err
	}
	var ends [3]int // the processes' ends of the two channels, and the cgroup
	for i, mine := range []*int{&l.sync, &l.life} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socketpair", err)
		}
		*mine, ends[i] = pair[0], pair[1]
		defer unix.Close(pair[1])
	}
	if ends[2] = ends[0]; l.cgroup != nil { // something must be given
		ends[2] = l.cgroup.fd
	}
	// The kernel adds the sender's pid, in our own pid namespace.
	if err := unix.SetsockoptInt(l.sync, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	l.resolver = resolverAddress(p)
	w := &writer{Tape: l.tape, plan: p, resolver: l.resolver}
	w.namespaces()
	l.cloned = now()
	l.ignored = ignored.Now()
	if l.first, err = l.tape.Clone(w.cloneFlags(), ends, in); err != nil {
		return err
	}
	l.ignored |= ignored.Now() // it may have changed meanwhile
	w.foundation()
	if err := w.Err(); err != nil {
		return err
	}
	l.joint, l.trials, l.parts = w.joint, w.trials, w.parts
	return l.tellIfThere(l.life, nil)
}
