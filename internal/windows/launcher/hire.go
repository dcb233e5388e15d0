// Package launcher carries a plan out on Windows: the launcher makes the process
// suspended, here or by a runner as another account, and makes the trials with the
// command's token.
//
// Package launcher must never judge the evidence, release without an order, or go on
// after a failed step of the plan.
package launcher

import (
	"errors"
	"fmt"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/refusal"
)

// bureau is the part of Windows that makes a runner work as an account: each method is a
// step that succeeds or fails. Tests have a bureau of their own, which fails at each
// step.
type bureau interface {
	// runner is the installed runner's file; same reports whether the file has our
	// version.
	runner() (program string, same bool, err error)
	secret(account string) (password string, err error)
	listen(owner, account string) (name string, pipe suspended.Handle, err error)
	// start starts the runner suspended.
	start(account, password, program, pipe, desktop string) (hired, error)
	isProgram(process suspended.Handle, program string) error
	resume(thread suspended.Handle) (wasSuspended uint32, err error)
	await(pipe suspended.Handle, h hired) error
	terminate(process suspended.Handle) error
	close(suspended.Handle)
}

// hired is a runner's process.
type hired struct {
	process, thread suspended.Handle
	pid             uint32
}

// hireFrom starts a runner as an account, and waits until the runner listens. hireFrom
// tries once: a machine locks an account after some refusals. The runner begins on the
// command's desktop: on the user's desktop the system would give the account access. The
// caller must close process and pipe.
func hireFrom(s bureau, w *plan.Windows, desktop string) (process, pipe suspended.Handle, err error) {
	program, same, err := s.runner()
	if err == nil && !same {
		err = errors.New("it isn't installed, or is another version's")
	}
	if err != nil {
		return 0, 0, runnerFault("look for the runner", err)
	}
	password, err := s.secret(w.Account)
	if err == nil && password == "" {
		err = errors.New("there is none")
	}
	if err != nil {
		return 0, 0, runnerFault("read the password of "+w.Account, err)
	}
	name, pipe, err := s.listen(w.Owner, w.AccountSID)
	if err != nil {
		return 0, 0, runnerFault("make its pipe", err)
	}
	h, err := s.start(w.Account, password, program, name, desktop)
	if err != nil {
		s.close(pipe)
		return 0, 0, err
	}
	defer s.close(h.thread)
	if err := begin(s, h, program, pipe); err != nil {
		err = errors.Join(err, s.terminate(h.process))
		s.close(h.process)
		s.close(pipe)
		return 0, 0, runnerFault("wait for it", err)
	}
	return h.process, pipe, nil
}

// begin checks the program of a runner, resumes the runner, and waits until the runner
// has come to the pipe.
func begin(s bureau, h hired, program string, pipe suspended.Handle) error {
	if err := s.isProgram(h.process, program); err != nil {
		return err
	}
	before, err := s.resume(h.thread)
	if err == nil && before != 1 {
		err = fmt.Errorf("its thread was suspended %d times, not once", before)
	}
	if err != nil {
		return err
	}
	return s.await(pipe, h)
}

func runnerFault(call string, err error) error {
	return &suspended.StepError{Restriction: refusal.Sandbox, Call: "the runner: " + call, Err: err}
}
