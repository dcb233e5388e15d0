package suspended

import (
	"errors"
	"fmt"
	"os"

	"github.com/lockstile/lockstile/refusal"
)

// Child is first a process to be, then suspended, then running. A Child is not safe for
// concurrent use, except Interrupt, Resize and End beside Wait.
type Child struct {
	sys     system
	job     *Job
	console *console
	token   Handle // 0 for our own
	canary  Handle
	process Handle
	thread  Handle
	pid     int
}

// prepare makes the surroundings of a process: the job, and for a confined process the
// token.
func prepare(s system, by *Confinement) (*Child, error) {
	j, err := newJob(s, by)
	if err != nil {
		return nil, err
	}
	c := &Child{sys: s, job: j}
	if by == nil {
		return c, nil
	}
	if c.token, err = restrict(s, by); err != nil {
		c.Kill()
		return nil, err
	}
	return c, nil
}

// Make makes the process. No instruction of the process has run. stdio are the process's
// streams, nil with a console; the streams stay the caller's.
func (c *Child) Make(s Spec, stdio *[3]Handle) (err error) {
	size := Size{Rows: 24, Cols: 80}
	if s.Terminal != nil {
		size = *s.Terminal
	}
	if c.console, err = newConsole(c.sys, size); err != nil {
		return &StepError{"", "make a console", err}
	}
	if c.canary, err = c.sys.createCanary(); err != nil {
		return &StepError{refusal.Handles, "make the canary", err}
	}
	if !c.sys.isInherited(c.canary) {
		return &StepError{refusal.Handles, "make the canary", errors.New("it was made, and no child would get it")}
	}
	it := start{spec: s, job: c.job.handle, console: c.console.handle, token: c.token}
	if s.Terminal == nil {
		if it.stdio, err = c.copies(stdio); err != nil {
			return &StepError{"", "copy the streams", err}
		}
		defer closeAll(c.sys, it.stdio[:]...)
	}
	stationSwitch.RLock()
	made, err := c.sys.createProcess(it)
	stationSwitch.RUnlock()
	if err != nil {
		return &StepError{"", CreateCall, err}
	}
	c.process, c.thread, c.pid = made.process, made.thread, made.pid
	if s.Terminal == nil {
		c.console.mute()
	}
	return nil
}

// copies returns inheritable copies of handles for a child. The child inherits only the
// handles on its list, whatever the flags of our other handles.
func (c *Child) copies(files *[3]Handle) (*[3]Handle, error) {
	var out [3]Handle
	for i, f := range files {
		var err error
		if out[i], err = c.sys.inheritable(f); err != nil {
			closeAll(c.sys, out[:]...)
			return nil, err
		}
	}
	return &out, nil
}

// PID is the process's number, 0 before Make.
func (c *Child) PID() int { return c.pid }

// Process is a handle to the process. The handle stays ours.
func (c *Child) Process() Handle { return c.process }

// Thread is a handle to the process's only thread, until Resume.
func (c *Child) Thread() Handle { return c.thread }

// Job is the job's.
func (c *Child) Job() Handle { return c.job.Handle() }

// Canary is a handle that the process must not have.
func (c *Child) Canary() Handle { return c.canary }

// Terminal returns the outer ends of the console, once: out for output, in for input. The
// caller must close both; nil with streams.
func (c *Child) Terminal() (out, in *os.File) {
	if c.console == nil {
		return nil, nil
	}
	return c.console.take()
}

// Try makes attempts with the process's token, on a thread of ours that takes the token
// on. The attempts leave nothing behind.
func (c *Child) Try(attempts []Attempt) ([]Outcome, error) {
	token, err := c.sys.ownToken(c.process)
	if err != nil {
		return nil, &StepError{"", "take the command's token on", err}
	}
	defer c.sys.close(token)
	out := make([]Outcome, len(attempts))
	for i, a := range attempts {
		how, err := c.sys.attempt(token, a)
		if out[i] = (Outcome{How: how}); err != nil {
			out[i].Error = err.Error()
		}
	}
	return out, nil
}

// Resume lets the first instruction run.
func (c *Child) Resume() error {
	before, err := c.sys.resumeThread(c.thread)
	if err == nil && before != 1 {
		err = fmt.Errorf("the thread was suspended %d times, not once", before)
	}
	if err != nil {
		return &StepError{"", "ResumeThread", err}
	}
	closeAll(c.sys, c.thread, c.canary)
	c.thread, c.canary = 0, 0
	return nil
}

// Interrupt types ^C at the console. After the end the error is os.ErrProcessDone.
func (c *Child) Interrupt() error { return c.console.interrupt() }

// Resize sets the size of the console.
func (c *Child) Resize(s Size) error { return c.console.resize(s) }

// End kills the tree; Wait returns.
func (c *Child) End() error { return c.job.End() }

// Wait waits for the end of the process, ends the rest of the tree, and frees all
// handles.
func (c *Child) Wait() (code uint32, err error) {
	if err = c.sys.await(c.process); err == nil {
		code, err = c.sys.exitCode(c.process)
	}
	err = errors.Join(err, c.job.End(), c.job.await())
	c.close()
	return code, err
}

// Kill ends the process, the tree and the console.
func (c *Child) Kill() {
	_ = c.job.End() // close closes the job's handle in any case, which ends the job too
	c.close()
}

func (c *Child) close() {
	if c.console != nil {
		c.console.close()
	}
	closeAll(c.sys, c.process, c.thread, c.canary, c.token)
	c.process, c.thread, c.canary, c.token = 0, 0, 0, 0
	c.job.Close()
}
