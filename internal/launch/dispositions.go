//go:build linux

package launch

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/ignored"
)

// dispositions gives the command the caller's: of the signals that this program ignores,
// those alone that it was started to ignore and hands on. Signals with a handler are the
// kernel's default after the exec. On a terminal of its own a command ignores none: signals
// come from there, as in a new login.
func (w *writer) dispositions() {
	handed := ignored.Handed()
	if w.cmd.Terminal != nil {
		handed = 0
	}
	for s := syscall.Signal(1); s <= 64; s++ {
		switch {
		case handed.Has(s):
			w.dispose("ignore ", s, 1) // SIG_IGN
		case w.ignored.Has(s):
			w.dispose("default for ", s, 0) // SIG_DFL
		}
	}
}

func (w *writer) dispose(how string, s syscall.Signal, handler uint64) {
	action, _ := w.Words(handler, 0, 0, 0) // struct sigaction, as the kernel has it
	w.For("").Do(how+unix.SignalName(s), 0, unix.SYS_RT_SIGACTION, int(s), action, 0, 8)
}
