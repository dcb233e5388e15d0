// Package launch has the types for the gate and the wings to describe a launch: the
// command, the steps, the trials, and the failure of a step. The launcher of each wing
// carries a plan out. Package launch must never start anything.
package launch

import (
	"syscall"
	"time"

	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/refusal"
)

// Command is the command to start within the restrictions.
type Command struct {
	Paths []string // files to try in order, as execvp(3) does
	Argv  []string
	Env   []string
	Dir   string // in the view

	// Denied is the suffix of names that the sweep takes back: new for each start, because
	// a suffix from an earlier start may be taken already.
	Denied string
	Stdio  [3]int // descriptors that become 0, 1 and 2

	// Kept is the folder for the history that git would lose: see gitfs.
	Kept string

	// Ignore lists the signals that the command ignores at the beginning. All others have
	// the default disposition.
	Ignore []syscall.Signal

	// Terminal gives the command a new terminal of the size, in place of Stdio.
	Terminal *Size
}

// Size is the size of a terminal, in characters.
type Size = pty.Size

// Step is one call of a start, for people to read.
type Step struct {
	Process     string              `json:"process"` // "both" before the fork, then "init" or "command"
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Call        string              `json:"call"`
}

// StepTime is a call of a start, and how long the call took. The time of a call that
// waits includes the wait.
type StepTime struct {
	Step
	Took time.Duration `json:"took_ns"`
}

// Trial is how an attempt of a confined process ended.
type Trial struct {
	Name   string
	Ran    bool
	Result int64  // the kernel's value, or -errno
	Value  bool   // Result is an answer, not only a success
	Text   string // the text read, for a trial that reads a file
}

// Fault says why a launch did not come further.
type Fault struct {
	Who         string              // the process that stopped: "init" or "command"
	PID         int                 // the process that stopped, while a look is possible; otherwise 0
	Restriction refusal.Restriction // the purpose of the failed step
	Step        error               // the step and its error; nil for a deadline or a death
	Late        bool                // the deadline passed
	At          string              // the step of the processes at the time
}

// Error returns the reason of the fault.
func (f *Fault) Error() string {
	switch {
	case f.Step != nil:
		return f.Step.Error()
	case f.Late:
		return "no answer in time (" + f.At + ")"
	}
	return "a process of the sandbox ended before its time (" + f.At + ")"
}

// Unwrap returns the failed step.
func (f *Fault) Unwrap() error { return f.Step }

// ExecError says why the command could not be executed.
type ExecError struct {
	Path  string // the file; "" when none was found
	Errno syscall.Errno
}

func (e *ExecError) Error() string { return e.Errno.Error() }

// Unwrap returns the errno.
func (e *ExecError) Unwrap() error { return e.Errno }

// End is how a command and its tree ended.
type End struct {
	Status      syscall.WaitStatus // the command's; 0 where Killed is set
	Killed      bool               // the init was ended before the command
	OutOfMemory bool               // the kernel has ended processes above the limit of memory
	Ended       []string           // names of processes that were left after the command, and were ended
	Denied      []string           // names made by the command and taken back, as full paths
	Unswept     bool               // the init has not tried, or not managed, to take every name back
	Git         *Git               // what the command did to the git directory; nil if none was served
	Refused     []string           // targets of connects that found nobody, as ADDRESS:PORT or as full paths
}

// Git is what a command did to the git directory.
type Git struct {
	Moves  []Move   // refs that have another value now
	Denied []Denied // by name
	Kept   []string // logs that git replaced or removed, kept in Command.Kept
	Err    error    // locks could not be removed
}

// Move is a change of a ref. Old is "" for a new ref, New is "" for a removed one.
type Move struct {
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Denied is an act at a name of the git directory that was refused.
type Denied struct {
	Name  string `json:"name"`
	Why   string `json:"why"`
	Count int    `json:"count"`
}
