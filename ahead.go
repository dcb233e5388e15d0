package lockstile

import (
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/policy"
)

// placedLaunch is the processes placed under a plan, before they have a command.
type placedLaunch struct {
	*systemLaunch
	plan *plan.Plan

	sockets    string // the command's internet sockets before its trials, where servers are reached by name
	socketsErr error

	// evidence measures the processes before their command, once, at the first call.
	evidence func() (*attest.Evidence, error)
}

func newPlaced(l *systemLaunch, p *plan.Plan) *placedLaunch {
	return &placedLaunch{systemLaunch: l, plan: p, evidence: sync.OnceValues(func() (*attest.Evidence, error) { return measurePlaced(l) })}
}

// lastPlan is a plan with its inputs. policy is the policy that held: an approval may
// have changed the request's policy.
type lastPlan struct {
	plan    *plan.Plan
	policy  policy.Policy
	environ []string
	pools   host.Pools
}

func (l *lastPlan) of(p policy.Policy, environ []string) bool {
	return slices.Equal(l.environ, environ) && reflect.DeepEqual(l.policy, p)
}

// inSeat returns the plan with the caches and the share of another seat, nil if the plan must be made
// anew.
func (l *lastPlan) inSeat(seat *hold) *plan.Plan {
	pools := l.pools
	pools.Share = seat.share(l.policy.Home, l.policy)
	if l.plan.Caches == "" {
		return l.plan.InShare(pools)
	}
	folder, err := seat.folder(filepath.Dir(l.plan.Caches), l.plan.Workspace)
	if err != nil || folder == "" {
		return nil
	}
	return l.plan.InSeat(folder).InShare(pools)
}

// ahead keeps the processes placed for the next command, if any.
type ahead struct {
	mu   sync.Mutex
	next *placedLaunch
	idle *time.Timer // ends the processes after mostIdle
}

// mostIdle is how long the processes may wait: they keep the host's mounts in use.
const mostIdle = time.Minute

// prepare places the processes of the next start under p, and measures them. prepare
// reports no failure: the next start places its own processes and reports the failure.
func (a *ahead) prepare(launcher *systemLauncher, p *plan.Plan) {
	if next := a.place(launcher, p); next != nil {
		_, _ = next.evidence()
	}
}

// place returns nil if the waiting processes fit p.
func (a *ahead) place(launcher *systemLauncher, p *plan.Plan) *placedLaunch {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next != nil && reflect.DeepEqual(a.next.plan, p) && !a.next.Outdated() {
		return nil
	}
	a.drop()
	if makeCaches(p) != nil {
		return nil
	}
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

// take returns the processes that wait for a command under p, with their restrictions in
// force; nil for none.
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
		return nil // processes for another plan wait on
	}
	if next.Outdated() {
		a.drop() // now: the kernel reports the change only once
		return nil
	}
	a.idle.Stop()
	a.next = nil
	return next
}

// sits reports whether the waiting processes have the caches of a plan: two overlays must
// not share a seat.
func (a *ahead) sits(p *plan.Plan) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return p.Caches != "" && a.next != nil && a.next.plan.Caches == p.Caches
}

// empty reports whether no processes wait.
func (a *ahead) empty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.next == nil
}

// drop ends the waiting processes. The caller holds mu.
func (a *ahead) drop() {
	if a.next == nil {
		return
	}
	a.idle.Stop()
	_, _ = a.next.evidence() // ends a measurement that may still be running
	a.next.Kill()
	a.next = nil
}

func (a *ahead) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop()
}
