package lockstile

import (
	"syscall"
	"time"

	"github.com/lockstile/lockstile/internal/linux/measure"
)

// Processes that a command leaves behind may finish: `> >(tee log)` in a shell ends after
// the shell. As long as the processes make progress the gate waits, up to mostFinish.
const (
	finishLook   = 10 * time.Millisecond  // between two looks at the processes
	finishBusy   = 2 * finishLook         // a longer sleep says that the machine is busy: the reader of a process's output may wait for a processor
	finishStill  = 2                      // looks without progress after which the processes only wait
	mostFinish   = time.Second            // from the command's end
	finishSignal = 200 * time.Millisecond // from SIGTERM to SIGKILL
)

// letFinish waits for the processes left after the command, and ends those that go on. over
// closes at the end of the tree. letFinish returns the names of the ended processes.
func (c *Child) letFinish(over <-chan struct{}) (ended []string) {
	init := c.running.Init()
	last := time.Now().Add(mostFinish)
	before := measure.RestOf(init)
	for still := 0; still < finishStill && time.Now().Before(last); {
		slept := time.Now()
		if isOver(over, finishLook) {
			return nil
		}
		now := measure.RestOf(init)
		if still++; now.Progressed(before) || time.Since(slept) > finishBusy {
			still = 0
		}
		before = now
	}
	_ = c.running.SignalTree(syscall.SIGTERM)
	if !isOver(over, finishSignal) {
		_ = c.running.SignalTree(syscall.SIGKILL)
	}
	return before.Names
}

// isOver waits for the end of the tree, and reports whether the tree ended within a time.
func isOver(over <-chan struct{}, within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-over:
		return true
	case <-timer.C:
		return false
	}
}
