//go:build linux

// Package launcher carries a plan out on Linux: the launcher starts the confined
// processes, and leads them to the point where they wait for their release with every
// restriction in force and every trial made. The plan's layers are written onto a tape,
// each layer in a file of its own.
//
// The package must never judge the evidence, release without being told, or go on when a
// step of the plan has failed.
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

// Launcher makes the first processes. It may be used by several goroutines.
type Launcher struct {
	spare   chan *tape.Tape // the first start's, made beside what comes before it
	cleared sync.Once       // of the cgroups that others have left
	timed   bool            // the starts take the time of each call
}

// NewLauncher makes a launcher.
func NewLauncher() *Launcher {
	l := &Launcher{spare: make(chan *tape.Tape, 1)}
	go func() {
		if t, err := tape.New(leftOut); err == nil { // else the start will tell
			l.spare <- t
		}
		close(l.spare)
	}()
	return l
}

// TakeTimes has the starts from here on take the time of each call (Launch.Times).
func (l *Launcher) TakeTimes() { l.timed = true }

// Close frees what waits for a start. What was started goes on.
func (l *Launcher) Close() error {
	if t := <-l.spare; t != nil {
		return t.Free()
	}
	return nil
}

// newTape gives the spare one, or makes one.
func (l *Launcher) newTape() (*tape.Tape, error) {
	if t := <-l.spare; t != nil {
		return t, nil
	}
	return tape.New(leftOut)
}

// Place makes the processes of one start. They are on their way when it returns,
// and stop where they need to know of a command, which Give tells them. Who has
// them must Release or Kill them.
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

// Begin makes the processes of a start of which no more than the foundation is planned.
// They stop where they need to know of its folders, which Complete tells them. Where
// either comes late, Outdated tells whether they serve still.
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
	place := &Launch{tape: t, sync: -1, life: -1, listener: -1, pidfd: -1, master: -1, deadline: time.Now().Add(patience), seen: map[byte]bool{}}
	if err := place.make(p); err != nil {
		place.Kill()
		return nil, err
	}
	return place, nil
}

// Complete tells the processes of the folders: p is the whole plan, of which they have
// the foundation. That they have ended is no error here. With an error they are still
// there, to be looked at before they are ended.
func (l *Launch) Complete(p *plan.Plan) error {
	l.plan = p
	w := &writer{Tape: l.tape, plan: p, joint: l.joint, trials: l.trials}
	w.standing()
	if err := w.Err(); err != nil {
		return err
	}
	l.joint, l.trials = w.joint, w.trials
	l.parts = append(l.parts, w.parts...)
	return l.tellIfThere(l.life, nil)
}

// Outdated reports whether processes that were made a while ago can't serve any more: the
// host's mounts have changed since, or they have ended. That each file is still the same
// is left to the look at them, as in any start.
func (l *Launch) Outdated() bool { return l.mounts.Changed() || ended(l.first.Pidfd) }

func (l *Launch) make(p *plan.Plan) error {
	// Before the copy of the mounts is made: what changes from here on is seen.
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
	w := &writer{Tape: l.tape, plan: p}
	w.namespaces()
	l.cloned = now()
	l.ignored = ignored.Now()
	if l.first, err = l.tape.Clone(w.cloneFlags(), ends); err != nil {
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
