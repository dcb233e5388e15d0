//go:build linux && !lockstile_leave_out

package launcher

import "time"

// patience is how long the launch of one process may take, all steps together.
const patience = 10 * time.Second

// leftOut is false in every build for use. Under the tag lockstile_leave_out the tests
// leave out each restriction in turn and see the start refused.
func leftOut(string) bool { return false }

// Learns reports whether a failure shows a gap of the machine.
func Learns() bool { return true }

func (w *writer) fault(string) {}
