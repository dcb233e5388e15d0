package lockstile

import (
	"cmp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/launcher"
	"github.com/lockstile/lockstile/internal/linux/measure"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/takeback"
)

// The parts of Linux that the gate needs. The files of the same names for other systems
// list the same parts. Besides: evidence_linux.go measures a launch, missing_linux.go
// learns the gaps of the machine, limits_linux.go ends trees that use too much memory.
type (
	systemLauncher = launcher.Launcher
	systemLaunch   = launcher.Launch
	systemRunning  = launcher.Running
	systemMounts   = launcher.Mounts
)

// placesAhead says that processes can be placed before their command is known.
const placesAhead = true

func newLauncher() *systemLauncher { return launcher.NewLauncher() }

// watchMounts begins to watch the host's mounts: a view is a copy of the mounts.
func watchMounts() (*systemMounts, error) { return launcher.WatchMounts() }

// describe lists the calls of a start without making the start.
func describe(p *plan.Plan, c launch.Command) ([]launch.Step, error) { return launcher.Describe(p, c) }

// signalName returns SIGNAME, which depends on no language.
func signalName(s syscall.Signal) string { return cmp.Or(unix.SignalName(s), s.String()) }

// restoreGit puts refs back.
func restoreGit(workspace, dir string, moves []launch.Move, kept string) (map[string]string, error) {
	return launcher.RestoreGit(workspace, dir, moves, kept)
}

// checkGit returns why a git directory can't be served, or nil.
func checkGit(workspace, dir, own string) error { return launcher.CheckGit(workspace, dir, own) }

// tree are the functions about the child's tree.
func (c *Child) tree() takeback.Tree {
	return takeback.Tree{Idle: func() (string, bool) { return measure.Idle(c.running.Init()) }, Pin: c.running.Pin, End: c.endTree}
}

// treeOf tells a tree from all others: the number of its init, and when the init began.
func treeOf(l *systemLaunch) string { return strconv.Itoa(l.Init()) + " " + measure.Begun(l.Init()) }

// mostEnding is how long the init of a killed lockstile may take to end its tree.
const mostEnding = time.Second

// isAlive reports whether the init of a tree is there still, although its lockstile has
// ended. The init ends the tree at once: isAlive waits for that.
func isAlive(tree string) bool {
	number, begun, _ := strings.Cut(tree, " ")
	init, err := strconv.Atoi(number)
	if err != nil || begun == "" {
		return false
	}
	for last := time.Now().Add(mostEnding); measure.Begun(init) == begun; time.Sleep(time.Millisecond) {
		if time.Now().After(last) {
			return true
		}
	}
	return false
}
