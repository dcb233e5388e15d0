package lockstile

import (
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/policy"
)

// placedLaunch is processes that were placed under a plan and know of no command yet.
type placedLaunch struct {
	*systemLaunch
	plan *plan.Plan
	// evidence looks at them as they stand, once, whoever asks first.
	evidence func() (*attest.Evidence, error)
}

func newPlaced(l *systemLaunch, p *plan.Plan) *placedLaunch {
	return &placedLaunch{l, p, sync.OnceValues(func() (*attest.Evidence, error) { return measurePlaced(l) })}
}

// lastPlan is a plan, and for what it was made: the policy is the one that held, which
// an approval can have changed.
type lastPlan struct {
	plan    *plan.Plan
	policy  policy.Policy
	environ []string
}

func (l *lastPlan) of(p policy.Policy, environ []string) bool {
	return slices.Equal(l.environ, environ) && reflect.DeepEqual(l.policy, p)
}

// ahead keeps the processes that were placed for the next command, if any.
type ahead struct {
	mu   sync.Mutex
	next *placedLaunch
	idle *time.Timer // lets them go
}

// mostIdle is how long they may wait: they keep the mounts of the host that they
// show.
const mostIdle = time.Minute

// prepare places the processes of the next start under p, and looks at them. A
// failure is the next start's to tell, which places its own.
func (a *ahead) prepare(launcher *systemLauncher, p *plan.Plan) {
	if next := a.place(launcher, p); next != nil {
		_, _ = next.evidence()
	}
}

// place gives nil where what waits will do.
func (a *ahead) place(launcher *systemLauncher, p *plan.Plan) *placedLaunch {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next != nil && reflect.DeepEqual(a.next.plan, p) && !a.next.Outdated() {
		return nil
	}
	a.drop()
	placed, err := launcher.Place(p)
	if err != nil {
		return nil
	}
	next := newPlaced(placed, p)
	a.next = next
	a.idle = time.AfterFunc(mostIdle, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.next == next {
			a.drop()
		}
	})
	return next
}

// take gives the processes that wait for a command under p, with their restrictions
// in force; nil where there are none.
func (a *ahead) take(p *plan.Plan) *placedLaunch {
	taken := a.remove(p)
	if taken == nil {
		return nil
	}
	if _, err := taken.evidence(); err != nil {
		taken.Kill()
		return nil
	}
	return taken
}

func (a *ahead) remove(p *plan.Plan) *placedLaunch {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := a.next
	if next == nil || !reflect.DeepEqual(next.plan, p) {
		return nil // what waits for another plan waits on
	}
	if next.Outdated() {
		a.drop() // now: the kernel tells of the mounts once
		return nil
	}
	a.idle.Stop()
	a.next = nil
	return next
}

// empty reports whether nothing waits.
func (a *ahead) empty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.next == nil
}

// drop ends what waits. It is called with mu held.
func (a *ahead) drop() {
	if a.next == nil {
		return
	}
	a.idle.Stop()
	_, _ = a.next.evidence() // nobody may be looking at them any more
	a.next.Kill()
	a.next = nil
}

func (a *ahead) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop()
}
