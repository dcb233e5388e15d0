package lockstile

import (
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/policy"
)

// beginning is the processes of a start, begun while the gate looks at the folders: the
// namespaces take about as long. The zero value has no processes.
type beginning struct {
	begun *systemLaunch
	err   error
}

func (e *beginning) begin(launcher *systemLauncher, p policy.Policy, f host.Facts) {
	if foundation := plan.Foundation(p, f); foundation != nil {
		e.begun, e.err = launcher.Begin(foundation)
	}
}

// place returns the processes of the whole plan p; the foundation of p is the start's
// foundation.
func (e *beginning) place(launcher *systemLauncher, p *plan.Plan) (*systemLaunch, error) {
	if e.err != nil {
		return nil, e.err
	}
	if e.begun == nil {
		return launcher.Place(p)
	}
	begun := e.begun
	e.begun = nil
	if err := begun.Complete(p); err != nil {
		begun.Kill()
		return nil, err
	}
	return begun, nil
}

// drop ends unneeded processes.
func (e *beginning) drop() {
	if e.begun != nil {
		e.begun.Kill()
		e.begun = nil
	}
}
