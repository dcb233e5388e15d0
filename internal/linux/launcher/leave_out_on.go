//go:build linux && lockstile_leave_out

package launcher

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/refusal"
)

// patience is short, since tests make launches hang.
const patience = 3 * time.Second

// leftOut leaves out the restriction that the environment names.
func leftOut(label string) bool { return label == os.Getenv("LOCKSTILE_LEAVE_OUT") }

// Learns returns false if a namespace is left out: the failure looks like a machine
// without the namespace. A test of a machine without namespaces says so.
func Learns() bool {
	if os.Getenv("LOCKSTILE_LEARNS") != "" {
		return true
	}
	name := os.Getenv("LOCKSTILE_LEAVE_OUT")
	return !strings.HasSuffix(name, " namespace") && name != string(refusal.IDMaps) && !strings.HasPrefix(name, "mount ") && !strings.HasPrefix(name, "cache ")
}

// fault makes the process hang or die at a place that the environment names.
func (w *writer) fault(place string) {
	switch os.Getenv("LOCKSTILE_FAULT") {
	case "hang " + place:
		w.For("").Do("hang", tape.Any, unix.SYS_PPOLL, 0, 0, 0, 0, 0)
	case "die " + place:
		w.For("").Do("die", tape.Any, unix.SYS_EXIT_GROUP, 3)
	}
}
