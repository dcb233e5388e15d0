//go:build linux

package launch

import (
	"os"
	"reflect"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/tape"
)

// Launcher makes the first processes, by a spawner of its own. It may be used by
// several goroutines.
type Launcher struct {
	spawner *tape.Spawner

	mu    sync.Mutex
	ahead *Launch     // waits for a command; nil where none was prepared
	idle  *time.Timer // lets it go
}

// mostIdle is how long a process that was made ahead may wait: it keeps the mounts
// of the host that it shows.
var mostIdle = time.Minute

// NewLauncher makes a launcher.
func NewLauncher() *Launcher { return &Launcher{spawner: tape.NewSpawner()} }

// Close ends the spawner and what was prepared. What was started goes on.
func (l *Launcher) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop()
	return l.spawner.Close()
}

// drop ends what was prepared. It is called with mu held.
func (l *Launcher) drop() {
	if l.ahead != nil {
		l.idle.Stop()
		l.ahead.Kill()
		l.ahead = nil
	}
}

// Prepare has the processes of the next start under p made ahead. They stand in
// their restrictions, know of no command, and serve for one. A failure is the next
// start's to tell, which makes its own.
func (l *Launcher) Prepare(p *plan.Plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ahead != nil && reflect.DeepEqual(l.ahead.plan, p) && !l.ahead.outdated() {
		return
	}
	l.drop()
	// Before the copy of the mounts is made: what changes from here on is seen.
	mounts, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	made, err := l.Place(p)
	if err != nil {
		unix.Close(mounts)
		return
	}
	made.mounts = mounts
	l.ahead = made
	l.idle = time.AfterFunc(mostIdle, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.ahead == made {
			l.drop()
		}
	})
}

// Take gives the processes that were made ahead, if they serve for p: nil where
// there are none. Who takes them must Release or Kill them.
func (l *Launcher) Take(p *plan.Plan) *Launch {
	l.mu.Lock()
	defer l.mu.Unlock()
	ahead := l.ahead
	if ahead == nil || !reflect.DeepEqual(ahead.plan, p) {
		return nil // what waits for another plan waits on
	}
	if ahead.outdated() {
		l.drop() // now: the kernel tells of the mounts once
		return nil
	}
	l.idle.Stop()
	l.ahead = nil
	return ahead
}

// outdated reports whether processes that wait can't serve any more: the host's
// mounts changed since they were made (proc_pid_mountinfo(5) and proc_mounts(5): poll
// gives an error event, once for each change), or they ended. That each file is still
// the same is left to the look at them, as in any start.
func (l *Launch) outdated() bool {
	fds := []unix.PollFd{{Fd: int32(l.mounts), Events: unix.POLLPRI}}
	n, err := unix.Poll(fds, 0)
	return n != 0 || err != nil || ended(l.first.Pidfd)
}

// Place makes the processes of one start. They are on their way when it returns,
// and stop where they need to know of a command, which Give tells them.
func (l *Launcher) Place(p *plan.Plan) (*Launch, error) {
	t, err := tape.New(leftOut)
	if err != nil {
		return nil, err
	}
	place := &Launch{plan: p, tape: t, sync: -1, life: -1, mounts: -1, listener: -1, pidfd: -1, master: -1, deadline: time.Now().Add(patience), seen: map[byte]bool{}}
	if err := place.make(l.spawner, p); err != nil {
		place.close()
		return nil, err
	}
	return place, nil
}

func (l *Launch) make(spawner *tape.Spawner, p *plan.Plan) error {
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
	w := &writer{Tape: l.tape, plan: p}
	w.common()
	l.joint, l.trials = w.joint, w.trials
	var err error
	l.first, err = spawner.Clone(l.tape, w.cloneFlags(), ends)
	return err
}
