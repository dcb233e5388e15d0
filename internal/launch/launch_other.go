//go:build !linux && !windows

package launch

import (
	"errors"
	"os"
	"syscall"

	"github.com/lockstile/lockstile/internal/plan"
)

// Launch is never made on this system: Place refuses, and so does the plan.
type Launch struct{}

// Launcher starts nothing on this system.
type Launcher struct{}

// NewLauncher gives one.
func NewLauncher() *Launcher { return &Launcher{} }

// Close does nothing.
func (*Launcher) Close() error { return nil }

// Place refuses.
func (*Launcher) Place(*plan.Plan) (*Launch, error) { return nil, errors.ErrUnsupported }

// PlacesAhead tells whether processes can be placed here before their command is known.
const PlacesAhead = false

// Begin refuses: nothing is planned in two parts.
func (*Launcher) Begin(*plan.Plan) (*Launch, error) { return nil, errors.ErrUnsupported }

// Complete refuses.
func (*Launch) Complete(*plan.Plan) error { return errors.ErrUnsupported }

// Try tries nothing.
func (*Launcher) Try(*plan.Plan) (names []string, results []error) { return nil, nil }

// Describe refuses.
func Describe(*plan.Plan, Command) ([]Step, error) { return nil, errors.ErrUnsupported }

func (*Launch) Give(Command) error           { return errors.ErrUnsupported }
func (*Launch) Command() int                 { return 0 }
func (*Launch) Release() (*Running, error)   { return nil, errors.ErrUnsupported }
func (*Launch) Outdated() bool               { return true }
func (*Launch) Kill()                        {}
func (*Launch) Terminal() (out, in *os.File) { return nil, nil }

// Running is never made on this system.
type Running struct{}

func (*Running) Signal(syscall.Signal) error { return errors.ErrUnsupported }

func (*Running) Resize(*os.File, Size) error { return errors.ErrUnsupported }

func (*Running) Wait() (End, error) {
	return End{Killed: true}, errors.ErrUnsupported
}
