package suspended

import (
	"os"
	"sync"

	"github.com/lockstile/lockstile/refusal"
)

// Job keeps a command's tree together. The tree ends when the last handle to the job is
// closed: the handle is ours, and thus the tree ends with us. No process leaves the job.
type Job struct {
	sys    system
	mu     sync.Mutex // End is called from another goroutine than Close
	handle Handle
	port   Handle // reports that the job is empty
}

// uiLimits is every restriction on the user's desktop: clipboard, other programs'
// windows, settings, the end of the session (JOBOBJECT_BASIC_UI_RESTRICTIONS).
const uiLimits = 0xFF

// newJob makes a job. c is not nil for a confined process: then the job has further
// limits.
func newJob(s system, c *Confinement) (*Job, error) {
	j := &Job{sys: s}
	if err := j.make(c); err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

func (j *Job) make(c *Confinement) (err error) {
	fault := func(call string, err error) error { return &StepError{refusal.Tree, call, err} }
	if j.handle, err = j.sys.createJob(); err != nil {
		return fault("make the job", err)
	}
	var limits JobLimits
	if c != nil {
		limits = c.Limits
	}
	if err := j.sys.limitJob(j.handle, limits); err != nil {
		return fault("limit the job", err)
	}
	if j.port, err = j.sys.createPort(); err != nil {
		return fault("make the job's port", err)
	}
	if err := j.sys.watchJob(j.handle, j.port); err != nil {
		return fault("watch the job", err)
	}
	if c == nil {
		return nil
	}
	if err := j.sys.limitUI(j.handle, uiLimits); err != nil {
		return &StepError{refusal.UILimits, "limit the job", err}
	}
	return nil
}

// Handle stays the job's.
func (j *Job) Handle() Handle { return j.handle }

// End kills all processes of the job. After Close the error is os.ErrProcessDone.
func (j *Job) End() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.handle == 0 {
		return os.ErrProcessDone
	}
	return j.sys.terminateJob(j.handle)
}

// await waits until no process of the job is left.
func (j *Job) await() error {
	for {
		left, err := j.sys.jobProcesses(j.handle)
		if err != nil || left == 0 {
			return err
		}
		j.sys.awaitPort(j.port) // only to wake up sooner
	}
}

// Close closes our handles; the last handle ends the tree.
func (j *Job) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	closeAll(j.sys, j.handle, j.port)
	j.handle, j.port = 0, 0
}
