package lockstile

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/news"
	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/survey"
	"github.com/lockstile/lockstile/internal/takeback"
)

// Child is a command that the gate has started. The caller must Wait for the Child. The
// zero value is not usable; Gate.Start makes a Child.
type Child struct {
	// Terminal is the outer end of the command's terminal, nil without a terminal. The
	// caller must close Terminal. A read fails with EIO when the command's end is closed;
	// the last output may come only with the next read, since the kernel can report the
	// close before the output.
	Terminal *os.File

	// TerminalInput takes the text typed at the terminal: the same file as Terminal on
	// Unix, another file on Windows. The caller must close TerminalInput as well.
	TerminalInput *os.File

	running    *systemRunning
	relay      *pty.Relay // nil where the streams are as the caller gave them
	gate       *Gate
	record     record
	explainer  explainer
	kept       string // see launch.Command
	trusted    *survey.Trusted
	guard      *takeback.Guard
	treeLimits *treeLimits
	seat       *hold
	servers    *servers
	unpublish  func() // takes the published ports away
	pruner     *pruner
	note       *takeback.Note
	suffix     string // of names that are taken back

	once     sync.Once
	exit     Exit
	denied   []Denied
	left     []takeback.Left
	exceeded string
	why      string
	news     news.News
	ended    []string
	err      error

	obstacles []Obstacle
}

// Exit is how a command ended.
type Exit struct {
	Code   int            // the command's own code; -1 after a signal
	Signal syscall.Signal // 0 after an exit
}

// Status is the exit code of a shell: 128+N for signal N.
func (e Exit) Status() int {
	if e.Signal != 0 {
		return 128 + int(e.Signal)
	}
	return e.Code
}

// Denied is a protected name that was absent before the command, and that was taken back
// at the command's end or before.
type Denied struct {
	Path string `json:"path"`           // the name during the command
	Now  string `json:"now"`            // the path now; "" if the file system had no room for another name, and the file was removed
	Name string `json:"name,omitempty"` // of the entry, for Gate.RestoreTakenBack; "" for none
}

// Denied lists the names taken back, after Wait.
func (c *Child) Denied() []Denied { return c.denied }

// Closed is a folder of a writable root that the command may not write, with the reason.
type Closed struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// Closed lists the folders that are read-only because lockstile can't say which of their
// names programs of the host trust, because there are too many, or because a command could
// have decided where a configured root leads.
func (c *Child) Closed() []Closed { return closedOf(c.trusted) }

func closedOf(t *survey.Trusted) (out []Closed) {
	for _, f := range t.Closed {
		out = append(out, Closed{redact.Text(f.Path), redact.Text(f.Why)})
	}
	return out
}

// Unseen returns how many folders of the writable roots, at least, were not looked into for
// names that programs of the host trust.
func (c *Child) Unseen() int { return c.trusted.Unseen }

// Exceeded returns, after Wait, the limit for which the tree was ended, "" for none.
func (c *Child) Exceeded() string { return c.exceeded }

// EndedBecause says, after Wait, why lockstile has ended the tree for what the command did,
// "" for not.
func (c *Child) EndedBecause() string { return c.why }

// Ended lists, after Wait, the names (proc_pid_comm(5)) of processes that the command left
// behind and that were ended with the command: processes that went on after a second, or
// that did nothing but wait.
func (c *Child) Ended() []string { return c.ended }

// NewTrust lists, after Wait, files that programs of the host will trust and that are new
// or changed since the start. The sandbox allows the files: new repositories below a
// writable root, instructions for agents, settings of tools.
func (c *Child) NewTrust() []string { return c.news.Paths() }

// NewTrustLines says, after Wait, what NewTrust lists, and the folders with new or changed
// names that begin with a dot, or with programs: at most 20 lines, and the number of the
// rest.
func (c *Child) NewTrustLines() []string { return c.news.Lines() }

// Signal sends a signal to the command's process group. After the command's end the error
// is os.ErrProcessDone; if Wait waits for the reader of the output, a signal that ends
// processes makes Wait return without the rest of the output.
func (c *Child) Signal(sig syscall.Signal) error {
	err := c.running.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) && slices.Contains(deadly, sig) {
		c.relay.Cut()
	}
	return err
}

// deadly are the signals by which people and programs end processes.
var deadly = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGKILL}

// Resize sets the size of the command's terminal. After the command's end Resize returns
// an error.
func (c *Child) Resize(s Size) error { return c.running.Resize(c.Terminal, launch.Size(s)) }

// Wait waits until the command has ended and no process of the tree is left, passes the
// rest of the output on, and writes the end line of the record. Wait may be called several
// times. An error means that the end is unknown, or not in the log; Exit holds the known
// part.
func (c *Child) Wait() (Exit, error) {
	c.once.Do(c.wait)
	return c.exit, c.err
}

func (c *Child) wait() {
	end, err := c.running.Wait(c.letFinish)
	c.unpublish()
	connections := c.servers.end()
	c.seat.leave()
	c.pruner.end()
	c.ended = end.Ended
	c.exceeded = c.treeLimits.stop(&c.gate.memory, end.OutOfMemory)
	c.takeBack(end)
	if len(c.left) == 0 {
		err = errors.Join(err, c.note.Done())
	} else {
		c.note.Leave()
	}
	line := endLine{Event: "end", Start: c.record.Seq, Millis: c.record.millis(), Denied: pathsOf(c.denied), Left: pathsOfLeft(c.left), Trust: trustOf(c.news), Exceeded: c.exceeded, EndedBecause: redact.Text(c.why), Ended: endedOf(c.ended), Connections: connections}
	switch {
	case err != nil || end.Killed:
		// Only the gate ends the init: another process killed the init, and thus the
		// whole tree.
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
	line.Git = gitEndOf(end.Git, c.kept)
	cut := c.relay.End() // the reader of the output may take long
	c.obstacles = c.explainer.explain(c, end, connections.serversError())
	line.Obstacles = loggedObstacles(c.obstacles)
	if _, logErr := c.gate.log.Append(line); logErr != nil {
		err = errors.Join(err, fmt.Errorf("the end of the command is not in the log: %w", logErr))
	}
	c.err = errors.Join(err, cut)
}

// isBack reports whether a path is a name by which something was taken back: a repository
// is a bare repository then.
func (c *Child) isBack(path string) bool {
	return slices.ContainsFunc(c.denied, func(d Denied) bool { return d.Now == path })
}

// pathsOf lists each name once, however often the command tried the name.
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
