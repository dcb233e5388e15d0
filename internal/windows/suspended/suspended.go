// Package suspended makes a process on Windows: suspended, in a job, on a new console,
// with the right token. The gate's launcher and the runner share package suspended, the
// only place where commands are made on Windows.
//
// Package suspended must never let an instruction of the process run without an order,
// hand on a handle without an order, or go on after a failed step.
package suspended

import "github.com/lockstile/lockstile/refusal"

// Confinement is the difference between a confined process and its maker.
type Confinement struct {
	Restricting []string  `json:"restricting"`  // a write needs the right of a listed SID
	DefaultDACL string    `json:"default_dacl"` // who may open the objects of the process, as SDDL
	Limits      JobLimits `json:"limits"`
}

// JobLimits are the limits of a job's processes, together.
type JobLimits struct {
	Processes uint32 `json:"processes"` // at a time; 0 for any number
	Memory    uint64 `json:"memory"`    // in bytes; 0 for no limit
}

// Spec is a process to start.
type Spec struct {
	File     string   `json:"file"`
	Line     string   `json:"line"` // the command line
	Env      []string `json:"env"`
	Dir      string   `json:"dir"`
	Desktop  string   `json:"desktop,omitempty"`  // the desktop's name; "" for the maker's desktop
	Terminal *Size    `json:"terminal,omitempty"` // the console's size; nil with streams
}

// Size is the size of a console, in characters.
type Size struct{ Rows, Cols uint16 }

// Attempt is an act to try with a process's token before the process runs.
type Attempt struct {
	What string `json:"what"`
	Path string `json:"path"`
}

// The values of Attempt.What.
const (
	Write  = "write in" // make a file in a folder
	Change = "change"   // open a file or folder for changing
	Rename = "rename"   // and for renaming or deleting
	Screen = "use"      // open the user's visible window station
)

// Outcome is how an attempt ended: "ok" or "denied". With an error the outcome is
// unknown.
type Outcome struct {
	How   string `json:"how,omitempty"`
	Error string `json:"error,omitempty"`
}

// CreateCall is the step that fails if the file can't be started.
const CreateCall = "CreateProcess"

// StepError is the error of a step, with the step's restriction.
type StepError struct {
	Restriction refusal.Restriction // "" for none
	Call        string
	Err         error
}

func (e *StepError) Error() string { return e.Call + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }
