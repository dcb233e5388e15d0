package gate

import (
	"errors"
	"sync"
	"syscall"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/refusal"
)

// lacks is what starts have found out that this machine can't do. The next attempt is
// planned with it: it enforces the same policy by other means, or is refused; which
// means it had is in its record.
type lacks struct {
	mu    sync.Mutex
	known host.Lacks
}

func (l *lacks) get() host.Lacks {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known
}

// learn reports whether a failure tells more of the machine than an attempt knew.
func (l *lacks) learn(knew host.Lacks, err error) bool {
	var f *launch.Fault
	if !errors.As(err, &f) || !errors.Is(f.Step, syscall.EPERM) && !errors.Is(f.Step, syscall.EACCES) {
		return false
	}
	more := knew
	if f.Restriction == refusal.Mount("/proc") {
		more.FreshProc = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = more
	return more != knew
}
