package suspended

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/refusal"
)

// Child is a process to be, then a suspended one, then one that runs. It is not safe
// for concurrent use but for Interrupt, Resize and End beside Wait.
type Child struct {
	job     *Job
	console *console
	token   windows.Token // 0 for our own
	canary  windows.Handle
	process windows.Handle
	thread  windows.Handle
	pid     int
}

// Prepare makes what a process is started in: its job, and its token where t is not
// nil. Who has it must Wait or Kill.
func Prepare(t *Token) (*Child, error) {
	j, err := newJob()
	if err != nil {
		return nil, &StepError{refusal.Tree, "make the job", err}
	}
	c := &Child{job: j}
	if t == nil {
		return c, nil
	}
	if err := j.restrictUI(); err != nil {
		c.Kill()
		return nil, &StepError{refusal.UILimits, "limit the job", err}
	}
	if c.token, err = restrict(t); err != nil {
		c.Kill()
		return nil, err
	}
	return c, nil
}

// Make makes the process. None of its instructions has run. stdio are its streams, nil
// where it has a console; they stay the caller's.
func (c *Child) Make(s Spec, stdio *[3]windows.Handle) (err error) {
	size := Size{Rows: 24, Cols: 80}
	if s.Terminal != nil {
		size = *s.Terminal
	}
	if c.console, err = newConsole(size); err != nil {
		return &StepError{"", "make a console", err}
	}
	if c.canary, err = newCanary(); err != nil {
		return &StepError{refusal.Handles, "make the canary", err}
	}
	var inherited *[3]windows.Handle
	if s.Terminal == nil {
		if inherited, err = inheritable(stdio); err != nil {
			return &StepError{"", "copy the streams", err}
		}
		defer closeAll(inherited[:])
	}
	info, err := create(c, s, inherited)
	if err != nil {
		return err
	}
	c.process, c.thread, c.pid = info.Process, info.Thread, int(info.ProcessId)
	if s.Terminal == nil {
		c.console.mute()
	}
	return nil
}

// PID is the process's number, 0 before Make.
func (c *Child) PID() int { return c.pid }

// Process, Job and Canary are handles, which stay ours.
func (c *Child) Process() windows.Handle { return c.process }

// Thread is the process's one thread's, until Resume.
func (c *Child) Thread() windows.Handle { return c.thread }

// Job is the job's.
func (c *Child) Job() windows.Handle { return c.job.Handle() }

// Canary is one that the process must not have.
func (c *Child) Canary() windows.Handle { return c.canary }

// Terminal gives the outer ends of the console, once: what it prints, and where its
// input goes. They are the caller's to close; nil where it has streams.
func (c *Child) Terminal() (out, in *os.File) {
	if c.console == nil {
		return nil, nil
	}
	return c.console.take()
}

// Resume lets the first instruction run.
func (c *Child) Resume() error {
	before, err := windows.ResumeThread(c.thread)
	if err == nil && before != 1 {
		err = errors.New("the thread was not suspended once")
	}
	if err != nil {
		return &StepError{"", "ResumeThread", err}
	}
	closeAll([]windows.Handle{c.thread, c.canary})
	c.thread, c.canary = 0, 0
	return nil
}

// Interrupt types ^C at the console. After the end it is os.ErrProcessDone.
func (c *Child) Interrupt() error { return c.console.interrupt() }

// Resize gives the console another size.
func (c *Child) Resize(s Size) error { return c.console.resize(s) }

// End kills the tree; Wait sees it.
func (c *Child) End() error { return c.job.End() }

// Wait waits until the process has ended, ends what is left of its tree, and frees
// what is held.
func (c *Child) Wait() (code uint32, err error) {
	_, err = windows.WaitForSingleObject(c.process, windows.INFINITE)
	if err == nil {
		err = windows.GetExitCodeProcess(c.process, &code)
	}
	err = errors.Join(os.NewSyscallError("wait for the command", err), c.job.End(), c.job.await())
	c.close()
	return code, err
}

// Kill ends what there is.
func (c *Child) Kill() {
	_ = c.job.End() // its handle is closed in any case, which ends it too
	c.close()
}

func (c *Child) close() {
	if c.console != nil {
		c.console.close()
	}
	closeAll([]windows.Handle{c.process, c.thread, c.canary, windows.Handle(c.token)})
	c.process, c.thread, c.canary, c.token = 0, 0, 0, 0
	c.job.Close()
}

func closeAll(handles []windows.Handle) {
	for _, h := range handles {
		if h != 0 {
			windows.CloseHandle(h)
		}
	}
}
