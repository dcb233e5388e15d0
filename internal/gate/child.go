package gate

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/lockstile/lockstile/internal/launch"
)

// Child is a command that runs, behind the gate. It must be waited for.
type Child struct {
	// Terminal is the outer end of the command's terminal, nil where it has
	// none. It is the caller's to close. A read of it fails with EIO when the
	// command's end is closed; the last output may come only with the next read,
	// since the kernel can see the close before it.
	Terminal *os.File

	running *launch.Running
	gate    *Gate
	record  record

	once sync.Once
	exit Exit
	err  error
}

// Exit is how a command ended.
type Exit struct {
	Code   int            // the command's own code; -1 when a signal ended it
	Signal syscall.Signal // 0 when it exited
}

// Status is the exit code that a shell would give: 128+N for signal N.
func (e Exit) Status() int {
	if e.Signal != 0 {
		return 128 + int(e.Signal)
	}
	return e.Code
}

// Signal sends a signal to the command's process group. After the command's end
// it returns os.ErrProcessDone.
func (c *Child) Signal(sig syscall.Signal) error { return c.running.Signal(sig) }

// Wait waits until the command has ended and no process of its tree is left, and
// writes the end of its record. It may be called several times. An error means
// that the end is not known, or not in the log; Exit holds what is known.
func (c *Child) Wait() (Exit, error) {
	c.once.Do(c.wait)
	return c.exit, c.err
}

func (c *Child) wait() {
	status, killed, err := c.running.Wait()
	line := endLine{Event: "end", Start: c.record.seq, Millis: c.record.millis()}
	switch {
	case err != nil || killed:
		// The init is ours alone to end: someone killed it, and all else with it.
		c.exit = Exit{Code: -1, Signal: syscall.SIGKILL}
		line.Error = "the sandbox was ended from outside"
		if err != nil {
			line.Error = "the sandbox's end could not be waited for"
		}
	case exitSignal(status) != 0:
		c.exit = Exit{Code: -1, Signal: exitSignal(status)}
		line.Signal = launch.SignalName(c.exit.Signal)
	default:
		code := status.ExitStatus()
		c.exit = Exit{Code: code}
		line.Exit = &code
	}
	if _, logErr := c.gate.log.Append(line); logErr != nil {
		err = errors.Join(err, fmt.Errorf("the end of the command is not in the log: %w", logErr))
	}
	c.err = err
}

func exitSignal(ws syscall.WaitStatus) syscall.Signal {
	if ws.Signaled() {
		return ws.Signal()
	}
	return 0
}
