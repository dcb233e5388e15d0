package lockstile

import (
	"errors"
	"syscall"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/windows/launcher"
)

// The parts of Windows that the gate needs. The files of the same names for other systems
// list the same parts. Besides: evidence_windows.go measures a launch, paths_windows.go
// finds the command's file, doctor_windows.go checks the results of `lockstile setup`.
type (
	systemLauncher = launcher.Launcher
	systemLaunch   = launcher.Launch
	systemRunning  = launcher.Running
	systemMounts   = launcher.Mounts
)

// placesAhead says that a process is made only after the command is known.
const placesAhead = false

func newLauncher() *systemLauncher { return launcher.NewLauncher() }

// watchMounts watches nothing: no view is made of the host's mounts.
func watchMounts() (*systemMounts, error) { return &systemMounts{}, nil }

// describe lists the calls of a start without making the start.
func describe(p *plan.Plan, c launch.Command) ([]launch.Step, error) { return launcher.Describe(p, c) }

func signalName(s syscall.Signal) string { return s.String() }

// restoreGit restores nothing: no command commits on this system.
func restoreGit(string, string, []launch.Move, string) (map[string]string, error) {
	return nil, errors.ErrUnsupported
}

// checkGit serves none.
func checkGit(string, string, string) error { return errors.ErrUnsupported }

// tree are the functions about the child's tree.
func (c *Child) tree() takeback.Tree { return takeback.Tree{End: c.endTree} }

// treeOf tells nothing here: a tree ends with its lockstile.
func treeOf(*systemLaunch) string { return "" }

func isAlive(string) bool { return false }
