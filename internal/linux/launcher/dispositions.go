//go:build linux

package launcher

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/ignored"
)

// dispositions has the command ignore the signals that the request names, and no other.
// An ignored signal stays ignored over execve(2), so signals that this program ignores get
// the default again; the kernel does that for caught signals.
func (w *writer) dispositions() {
	asked := ignored.Of(w.cmd.Ignore)
	for _, s := range (asked | w.ignored).Signals() {
		if asked.Has(s) {
			w.dispose("ignore ", s, 1) // SIG_IGN
		} else {
			w.dispose("default for ", s, 0) // SIG_DFL
		}
	}
}

func (w *writer) dispose(how string, s syscall.Signal, handler uint64) {
	action, _ := w.Words(handler, 0, 0, 0) // struct sigaction, as the kernel reads it
	w.For("").Do(how+unix.SignalName(s), 0, unix.SYS_RT_SIGACTION, int(s), action, 0, 8)
}
