// Package suspended makes one process on Windows: suspended, in its job, on a console of
// its own, with its token. It is what the gate's launcher and the runner have in common,
// and the one place where commands are made on that system.
//
// It must never let an instruction of the process run before it is told, hand on a
// handle that was not asked for, or go on when a step has failed.
package suspended

import "github.com/lockstile/lockstile/refusal"

// Confinement is how a confined process differs from its maker.
type Confinement struct {
	Restricting []string  `json:"restricting"`  // the SIDs that alone give the right to write
	DefaultDACL string    `json:"default_dacl"` // who may open what the process makes, as SDDL
	Limits      JobLimits `json:"limits"`
}

// JobLimits are what a job holds its processes to, together.
type JobLimits struct {
	Processes uint32 `json:"processes"` // at a time; 0 for any number
	Memory    uint64 `json:"memory"`    // in bytes; 0 for any
}

// Spec is what is started.
type Spec struct {
	File     string   `json:"file"`
	Line     string   `json:"line"` // its command line
	Env      []string `json:"env"`
	Dir      string   `json:"dir"`
	Desktop  string   `json:"desktop,omitempty"`  // its desktop's name; "" for its maker's
	Terminal *Size    `json:"terminal,omitempty"` // of its console; nil where it has streams
}

// Size is that of a console, in characters.
type Size struct{ Rows, Cols uint16 }

// Attempt is one thing that is tried with a process's token before it runs.
type Attempt struct {
	What string `json:"what"`
	Path string `json:"path"`
}

// What can be tried.
const (
	Write  = "write in" // make a file in a folder
	Change = "change"   // open a file or folder for changing
	Rename = "rename"   // and for renaming or deleting
	Screen = "use"      // open the window station that the user sees
)

// Outcome is how an attempt ended: "ok" or "denied". With an error it is not known.
type Outcome struct {
	How   string `json:"how,omitempty"`
	Error string `json:"error,omitempty"`
}

// CreateCall is the step that fails where the file can't be started.
const CreateCall = "CreateProcess"

// StepError says which step failed, and what it was for.
type StepError struct {
	Restriction refusal.Restriction // "" where it served none
	Call        string
	Err         error
}

func (e *StepError) Error() string { return e.Call + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *StepError) Unwrap() error { return e.Err }
