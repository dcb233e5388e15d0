//go:build linux

package launch

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/tape"
)

// PlacesAhead tells whether PlaceAhead is built for this system.
const PlacesAhead = true

// Launcher makes the first processes, by a spawner of its own. It may be used by
// several goroutines.
type Launcher struct {
	spawner *tape.Spawner
	cleared sync.Once // of the cgroups that others have left
}

// NewLauncher makes a launcher.
func NewLauncher() *Launcher { return &Launcher{spawner: tape.NewSpawner()} }

// Close ends the spawner. What was started goes on.
func (l *Launcher) Close() error { return l.spawner.Close() }

// Place makes the processes of one start. They are on their way when it returns,
// and stop where they need to know of a command, which Give tells them. Who has
// them must Release or Kill them.
func (l *Launcher) Place(p *plan.Plan) (*Launch, error) { return l.place(p, -1) }

// PlaceAhead is Place for a command that may come late: Outdated tells whether they
// serve for it.
func (l *Launcher) PlaceAhead(p *plan.Plan) (*Launch, error) {
	// Before the copy of the mounts is made: what changes from here on is seen.
	mounts, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open mountinfo", err)
	}
	return l.place(p, mounts)
}

// place closes mounts with the launch.
func (l *Launcher) place(p *plan.Plan, mounts int) (*Launch, error) {
	if p.Limits.Cgroup != "" {
		l.cleared.Do(func() { clearCgroups(p.Limits.Cgroup) })
	}
	t, err := tape.New(leftOut)
	if err != nil {
		if mounts >= 0 {
			unix.Close(mounts)
		}
		return nil, err
	}
	place := &Launch{plan: p, tape: t, sync: -1, life: -1, mounts: mounts, listener: -1, pidfd: -1, master: -1, deadline: time.Now().Add(patience), seen: map[byte]bool{}}
	if err := place.make(l.spawner, p); err != nil {
		place.close()
		return nil, err
	}
	return place, nil
}

// Outdated reports whether processes that PlaceAhead made can't serve any more: the
// host's mounts have changed since (proc_pid_mountinfo(5) and proc_mounts(5): poll
// gives an error event, once for each change), or they have ended. That each file is
// still the same is left to the look at them, as in any start.
func (l *Launch) Outdated() bool {
	fds := []unix.PollFd{{Fd: int32(l.mounts), Events: unix.POLLPRI}}
	n, err := unix.Poll(fds, 0)
	return n != 0 || err != nil || ended(l.first.Pidfd)
}

func (l *Launch) make(spawner *tape.Spawner, p *plan.Plan) error {
	var err error
	if l.cgroup, err = newCgroup(p.Limits); err != nil {
		return err
	}
	var ends [3]int // the processes' ends of the two channels, and the cgroup
	if l.cgroup != nil {
		ends[2] = l.cgroup.fd
	}
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
	w := &writer{Tape: l.tape, plan: p}
	w.common()
	l.joint, l.trials = w.joint, w.trials
	l.first, err = spawner.Clone(l.tape, w.cloneFlags(), ends)
	return err
}
