//go:build !linux && !windows

package lockstile

import (
	"errors"
	"os"
	"syscall"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/takeback"
)

// The parts that the gate needs, for a system without a wing: everything refuses, and the
// plan has refused before.
type (
	systemLauncher struct{}
	systemLaunch   struct{}
	systemRunning  struct{}
	systemMounts   struct{}
)

const placesAhead = false

func newLauncher() *systemLauncher { return &systemLauncher{} }

func watchMounts() (*systemMounts, error) { return nil, errors.ErrUnsupported }

func describe(*plan.Plan, launch.Command) ([]launch.Step, error) { return nil, errors.ErrUnsupported }

func (*systemLauncher) Close() error                                 { return nil }
func (*systemLauncher) TakeTimes()                                   {}
func (*systemLauncher) Place(*plan.Plan) (*systemLaunch, error)      { return nil, errors.ErrUnsupported }
func (*systemLauncher) Begin(*plan.Plan) (*systemLaunch, error)      { return nil, errors.ErrUnsupported }
func (*systemLauncher) Try(*plan.Plan) (names []string, res []error) { return nil, nil }

func (*systemLaunch) Complete(*plan.Plan) error        { return errors.ErrUnsupported }
func (*systemLaunch) Give(launch.Command) error        { return errors.ErrUnsupported }
func (*systemLaunch) Command() int                     { return 0 }
func (*systemLaunch) Release() (*systemRunning, error) { return nil, errors.ErrUnsupported }
func (*systemLaunch) Outdated() bool                   { return true }
func (*systemLaunch) Kill()                            {}
func (*systemLaunch) Terminal() (out, in *os.File)     { return nil, nil }
func (*systemLaunch) Times() []launch.StepTime         { return nil }

func (*systemRunning) Signal(syscall.Signal) error        { return errors.ErrUnsupported }
func (*systemRunning) Resize(*os.File, launch.Size) error { return errors.ErrUnsupported }
func (*systemRunning) Wait(func(<-chan struct{}) []string) (launch.End, error) {
	return launch.End{Killed: true}, errors.ErrUnsupported
}

func (*systemMounts) Changed() bool { return false }
func (*systemMounts) Close()        {}

func signalName(s syscall.Signal) string { return s.String() }

// restoreGit restores nothing: no command commits on this system.
func restoreGit(string, string, []launch.Move, string) (map[string]string, error) {
	return nil, errors.ErrUnsupported
}

// Loopback has no network namespace to share.
func (*systemLauncher) Loopback(string, int, int) (string, error) { return "", errors.ErrUnsupported }

// JoinLoopback has none to join.
func (*systemLauncher) JoinLoopback(string, int, int) (string, error) {
	return "", errors.ErrUnsupported
}

// checkGit serves none.
func checkGit(string, string, string) error { return errors.ErrUnsupported }

// tree are the functions about the child's tree.
func (c *Child) tree() takeback.Tree { return takeback.Tree{End: c.endTree} }

// treeOf tells nothing here: a tree ends with its lockstile.
func treeOf(*systemLaunch) string { return "" }

func isAlive(string) bool { return false }
