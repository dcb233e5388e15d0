//go:build !linux && !windows

package lockstile

import (
	"errors"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/launch"
)

// On this system nothing is measured: nothing can be proven.

func measurePlaced(*systemLaunch) (*attest.Evidence, error) { return nil, errors.ErrUnsupported }

func measureLaunch(*systemLaunch, *attest.Evidence, attest.Machine) error {
	return errors.ErrUnsupported
}

func readMachine(*intent) (attest.Machine, error) { return attest.Machine{}, errors.ErrUnsupported }

func culprit(*systemLaunch, *launch.Fault, []attest.Expectation) (attest.Finding, bool) {
	return attest.Finding{}, false
}
