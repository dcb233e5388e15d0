//go:build linux

package launcher

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
)

// runToEnd makes a process that runs a tape and ends, and waits for its end. A call that went
// wrong is the error.
func runToEnd(t *tape.Tape, flags uint64) error {
	proc, err := t.Clone(flags, [3]int{}, nil)
	if err != nil {
		return err
	}
	defer unix.Close(proc.Pidfd)
	one := Launch{tape: t, first: proc, deadline: time.Now().Add(patience)}
	late := one.poll([]unix.PollFd{{Fd: int32(proc.Pidfd), Events: unix.POLLIN}})
	if late != nil {
		_ = unix.PidfdSendSignal(proc.Pidfd, unix.SIGKILL, nil, 0) // the process may have ended just now
	}
	ws, err := one.reap()
	failed := t.Failed(tape.First)
	switch {
	case late != nil:
		return errors.New("no answer within " + patience.String())
	case failed != nil:
		return failed
	case err != nil:
		return err
	case ws.ExitStatus() != 0:
		return errors.New("the process was ended")
	}
	return nil
}
