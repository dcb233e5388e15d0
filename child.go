package lockstile

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/survey"
	"github.com/lockstile/lockstile/internal/takeback"
)

// Child is a command that runs, behind the gate. It must be waited for.
type Child struct {
	// Terminal is the outer end of the command's terminal, nil where it has
	// none. It is the caller's to close. A read of it fails with EIO when the
	// command's end is closed; the last output may come only with the next read,
	// since the kernel can see the close before it.
	Terminal *os.File

	// TerminalInput is where what is typed at that terminal is written: the same file
	// on Unix, another one on Windows, which is to be closed as well.
	TerminalInput *os.File

	running    *systemRunning
	gate       *Gate
	record     record
	trusted    *survey.Trusted
	guard      *takeback.Guard
	treeLimits *treeLimits
	note       *takeback.Note
	suffix     string // of names that are taken back

	once     sync.Once
	exit     Exit
	denied   []Denied
	exceeded string
	news     []string
	err      error
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

// Denied is a name that programs of the host trust, which wasn't there before the
// command, and which was taken back at its end.
type Denied struct {
	Path string `json:"path"` // what it was
	Now  string `json:"now"`  // what it is
}

// Denied lists what was taken back, after Wait.
func (c *Child) Denied() []Denied { return c.denied }

// Exceeded tells which limit the command was ended for, "" for none, after Wait.
func (c *Child) Exceeded() string { return c.exceeded }

// NewTrust lists files that programs of the host will trust and that came to be or
// changed during the command, where these may: new repositories below a writable
// root, instructions for agents, settings of tools. After Wait.
func (c *Child) NewTrust() []string { return c.news }

// Signal sends a signal to the command's process group. After the command's end
// it returns os.ErrProcessDone.
func (c *Child) Signal(sig syscall.Signal) error { return c.running.Signal(sig) }

// Resize gives the command's terminal another size. After the command's end it
// returns an error.
func (c *Child) Resize(s Size) error { return c.running.Resize(c.Terminal, launch.Size(s)) }

// Wait waits until the command has ended and no process of its tree is left, and
// writes the end of its record. It may be called several times. An error means
// that the end is not known, or not in the log; Exit holds what is known.
func (c *Child) Wait() (Exit, error) {
	c.once.Do(c.wait)
	return c.exit, c.err
}

func (c *Child) wait() {
	end, err := c.running.Wait()
	c.exceeded = c.treeLimits.stop(&c.gate.memory, end.OutOfMemory)
	for _, b := range c.guard.Stop() {
		c.denied = append(c.denied, Denied(b))
	}
	for _, path := range end.Denied {
		c.denied = append(c.denied, Denied{path, path + c.suffix})
	}
	came, news := c.trusted.Since()
	back, left := takeback.All(came, c.suffix+"-0")
	for _, b := range back {
		c.denied = append(c.denied, Denied(b))
	}
	c.news = append(news, left...)
	err = errors.Join(err, c.note.Done())
	line := endLine{Event: "end", Start: c.record.seq, Millis: c.record.millis(), Denied: pathsOf(c.denied), NewTrust: c.news, Exceeded: c.exceeded}
	switch {
	case err != nil || end.Killed:
		// The init is ours alone to end: someone killed it, and all else with it.
		c.exit = Exit{Code: -1, Signal: syscall.SIGKILL}
		line.Error = "the sandbox was ended from outside"
		if err != nil {
			line.Error = "the sandbox's end could not be waited for"
		}
	case exitSignal(end.Status) != 0:
		c.exit = Exit{Code: -1, Signal: exitSignal(end.Status)}
		line.Signal = signalName(c.exit.Signal)
	default:
		code := end.Status.ExitStatus()
		c.exit = Exit{Code: code}
		line.Exit = &code
	}
	if _, logErr := c.gate.log.Append(line); logErr != nil {
		err = errors.Join(err, fmt.Errorf("the end of the command is not in the log: %w", logErr))
	}
	c.err = err
}

// pathsOf lists each name once, however often it was tried.
func pathsOf(denied []Denied) []string {
	var out []string
	for _, d := range denied {
		if !slices.Contains(out, d.Path) {
			out = append(out, d.Path)
		}
	}
	return out
}

func exitSignal(ws syscall.WaitStatus) syscall.Signal {
	if ws.Signaled() {
		return ws.Signal()
	}
	return 0
}
