package launcher

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/lockstile/lockstile/internal/windows/runner"
	"github.com/lockstile/lockstile/internal/windows/suspended"
)

// lender is the part of Windows that takes a runner's process over: each method is a step
// that succeeds or fails. Tests have a lender of their own.
type lender interface {
	// give puts a copy of a handle into the runner's table.
	give(runner, h suspended.Handle) (there uint64, err error)
	// take copies a handle of the runner; moved closes the runner's handle.
	take(runner suspended.Handle, there uint64, moved bool) (suspended.Handle, error)
	processID(suspended.Handle) (int, error)
	job(suspended.Handle) tree
	close(suspended.Handle)
}

// tree is a job.
type tree interface {
	Handle() suspended.Handle
	End() error
	Close()
}

// borrowed is a process made by a runner, under the runner's account. The facts of the
// process are read by handles taken from the runner, not from the runner's words.
type borrowed struct {
	sys     lender
	runner  suspended.Handle // the runner's process
	pipe    io.ReadWriteCloser
	order   runner.Order
	made    runner.Made
	process suspended.Handle
	thread  suspended.Handle
	tree    tree // nil before Make
	out, in *os.File
}

// borrowFrom lets a listening runner make commands. The runner's process and pipe are
// ours to close from here on.
func borrowFrom(s lender, process suspended.Handle, pipe io.ReadWriteCloser, owner string, by *suspended.Confinement) *borrowed {
	return &borrowed{sys: s, runner: process, pipe: pipe, order: runner.Order{Owner: owner, Confined: by}}
}

// Make orders the process.
func (b *borrowed) Make(s suspended.Spec, stdio *[3]suspended.Handle) error {
	b.order.Spec = s
	if s.Terminal == nil {
		for i, h := range stdio {
			var err error
			if b.order.Stdio[i], err = b.sys.give(b.runner, h); err != nil {
				return runnerFault("hand the streams on", err)
			}
		}
	}
	if err := runner.Send(b.pipe, b.order); err != nil {
		return runnerFault("order", err)
	}
	if err := runner.Receive(b.pipe, &b.made); err != nil {
		return runnerFault("hear of the process", err)
	}
	if b.made.Failed != nil {
		return asStep(b.made.Failed)
	}
	return b.takeHandles()
}

// asStep returns the runner's failure as a StepError.
func asStep(f *runner.Failed) error {
	var err error = errors.New(f.Text)
	if f.Errno != 0 {
		err = syscall.Errno(f.Errno)
	}
	return &suspended.StepError{Restriction: f.Restriction, Call: f.Call, Err: err}
}

// Try lets the runner make attempts: only the command's own account may use the command's
// token.
func (b *borrowed) Try(attempts []suspended.Attempt) ([]suspended.Outcome, error) {
	if err := runner.Send(b.pipe, runner.Word{Do: runner.Try, Attempts: attempts}); err != nil {
		return nil, runnerFault("have it try", err)
	}
	var tried runner.Tried
	if err := runner.Receive(b.pipe, &tried); err != nil {
		return nil, runnerFault("have it try", err)
	}
	if tried.Failed != nil {
		return nil, asStep(tried.Failed)
	}
	if len(tried.Outcomes) != len(attempts) {
		return nil, runnerFault("have it try", errors.New("it tried something else"))
	}
	return tried.Outcomes, nil
}

// takeHandles takes the handles named by the runner. The kernel, not the runner, says
// that the process has the reported number.
func (b *borrowed) takeHandles() (err error) {
	take := func(number uint64, moved bool) (h suspended.Handle) {
		if err == nil && number != 0 {
			h, err = b.sys.take(b.runner, number, moved)
		}
		return h
	}
	b.process, b.thread = take(b.made.Process, false), take(b.made.Thread, false)
	b.tree = b.sys.job(take(b.made.Job, false))
	out, in := take(b.made.Out, true), take(b.made.In, true)
	if out != 0 {
		b.out = os.NewFile(uintptr(out), "terminal")
	}
	if in != 0 {
		b.in = os.NewFile(uintptr(in), "terminal")
	}
	if err != nil {
		return runnerFault("take the process over", err)
	}
	if pid, err := b.sys.processID(b.process); err != nil || pid != b.made.PID {
		return runnerFault("take the process over", fmt.Errorf("it is number %d, and %d was named (%v)", pid, b.made.PID, err))
	}
	return nil
}

func (b *borrowed) PID() int                  { return b.made.PID }
func (b *borrowed) Process() suspended.Handle { return b.process }
func (b *borrowed) Thread() suspended.Handle  { return b.thread }
func (b *borrowed) Job() suspended.Handle     { return b.tree.Handle() }

// Network returns the results of the runner's attempts on the network.
func (b *borrowed) Network() map[string]string { return b.made.Network }

// Canary is a handle of the runner: only the number counts.
func (b *borrowed) Canary() suspended.Handle { return suspended.Handle(b.made.Canary) }

func (b *borrowed) Terminal() (out, in *os.File) {
	out, in = b.out, b.in
	b.out, b.in = nil, nil
	return out, in
}

func (b *borrowed) Resume() error { return b.say(runner.Word{Do: runner.Go}) }

func (b *borrowed) Interrupt() error { return b.say(runner.Word{Do: runner.Interrupt}) }

func (b *borrowed) Resize(s suspended.Size) error {
	return b.say(runner.Word{Do: runner.Resize, Size: &s})
}

// End kills the tree ourselves: the runner may not listen.
func (b *borrowed) End() error { return b.tree.End() }

func (b *borrowed) say(w runner.Word) error {
	if err := runner.Send(b.pipe, w); err != nil {
		return os.ErrProcessDone // the pipe has ended, and thus the runner
	}
	return nil
}

// Wait waits for the runner's last message. If the runner ends without a message, the
// tree ends as well.
func (b *borrowed) Wait() (uint32, error) {
	var over runner.Over
	err := runner.Receive(b.pipe, &over)
	if err == nil && over.Text != "" {
		err = errors.New(over.Text)
	}
	b.Kill()
	return over.Code, err
}

// Kill ends the tree and the runner, and frees all handles.
func (b *borrowed) Kill() {
	if b.tree != nil {
		_ = b.tree.End() // the tree may be over
		b.tree.Close()
	}
	b.pipe.Close() // the end of the pipe ends the runner with all its processes
	for _, f := range []*os.File{b.out, b.in} {
		if f != nil {
			f.Close()
		}
	}
	for _, h := range []*suspended.Handle{&b.process, &b.thread, &b.runner} {
		if *h != 0 {
			b.sys.close(*h)
		}
		*h = 0
	}
}
