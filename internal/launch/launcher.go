//go:build linux

package launch

import (
	"os"
	"reflect"
	"slices"
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
	ahead *Launch // waits for a command; nil where none was prepared
}

// NewLauncher makes a launcher.
func NewLauncher() *Launcher { return &Launcher{spawner: tape.NewSpawner()} }

// Close ends the spawner and what was prepared. What was started goes on.
func (l *Launcher) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ahead != nil {
		l.ahead.Kill()
		l.ahead = nil
	}
	return l.spawner.Close()
}

// Prepare has the next start's first process made ahead, under a plan like p. It
// stands in its namespaces, knows of no command, and serves for one. A failure is
// the next start's to tell, which makes its own.
func (l *Launcher) Prepare(p *plan.Plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ahead != nil && l.ahead.serves(p) {
		return
	}
	if l.ahead != nil {
		l.ahead.Kill()
	}
	l.ahead, _ = l.place(p)
}

// Begin takes what was made ahead, and has it go on while the caller plans: nil
// where there is nothing. What isn't given to Start must be ended with Kill.
func (l *Launcher) Begin() *Launch {
	l.mu.Lock()
	defer l.mu.Unlock()
	ahead := l.ahead
	l.ahead = nil
	if ahead == nil {
		return nil
	}
	err := ahead.receive(tape.First, ahead.life)
	if err == nil && ahead.seen[messagePlaced] {
		err = ahead.begin()
	}
	if err != nil { // Start makes another, and tells what is wrong
		ahead.Kill()
		return nil
	}
	return ahead
}

// serves reports whether a process that waits stands as one under p would.
func (l *Launch) serves(p *plan.Plan) bool {
	was := l.plan
	return was.Rung == p.Rung && slices.Equal(was.Namespaces, p.Namespaces) && was.UID == p.UID && was.GID == p.GID && was.LastCap == p.LastCap &&
		was.Keyring == p.Keyring && reflect.DeepEqual(was.Seccomp, p.Seccomp) && !ended(l.first.Pidfd)
}

// place makes a first process.
func (l *Launcher) place(p *plan.Plan) (*Launch, error) {
	t, err := tape.New(leftOut)
	if err != nil {
		return nil, err
	}
	place := &Launch{plan: p, tape: t, sync: -1, life: -1, listener: -1, pidfd: -1, master: -1, deadline: time.Now().Add(patience), seen: map[byte]bool{}}
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
