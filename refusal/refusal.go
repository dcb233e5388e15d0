// Package refusal defines the typed refusal of lockstile. Every layer that declines to
// start a command returns an *Error, so that a person, a program and an agent can each
// act on it. Package refusal holds no logic and imports from the product only the
// printer. Package refusal must never turn a refusal into a weaker start.
package refusal

import (
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

// Stage names the step of a start that refused.
type Stage string

// The stages, in the order in which a start passes them.
const (
	StageConfig  Stage = "config"  // reading and merging configuration
	StageApprove Stage = "approve" // asking a person, if the policy wants an approval
	StagePlan    Stage = "plan"    // turning the policy into mounts, rules and limits of this system
	StageConfine Stage = "confine" // placing the process in its restrictions
	StageAttest  Stage = "attest"  // measuring the restrictions
	StageRecord  Stage = "record"  // writing sandbox.log
	StageRelease Stage = "release" // letting the first instruction run
)

// Code is the kind of a refusal, stable over releases, for programs to act on.
type Code string

// The codes.
const (
	CodeConfig      Code = "bad-config"    // a file, flag or key could not be used
	CodeNotApproved Code = "not-approved"  // a person said no, or nobody can be asked
	CodeUnset       Code = "unset"         // the policy leaves something undecided
	CodeInput       Code = "bad-input"     // the command or the folder can't be started as given
	CodeUnsupported Code = "unsupported"   // this machine can't enforce the policy
	CodeLaunch      Code = "launch-failed" // a step of placing the restrictions failed
	CodeDeadline    Code = "deadline"      // a step took too long
	CodeDied        Code = "died"          // the confined process ended before its release
	CodeNotProven   Code = "not-proven"    // a restriction could not be shown to hold
	CodeRecord      Code = "no-record"     // the log could not be written
	CodeNoCommand   Code = "no-command"    // the program is absent, or can't be executed
)

// Error says why a command was not started. The zero value is a refusal without a reason.
type Error struct {
	Code        Code        // the kind, for programs
	Stage       Stage       // the step that refused
	Restriction Restriction // the restriction that could not be shown to hold; empty without one
	Reason      string      // the finding, in one sentence, without secrets
	Hint        string      // the mend; empty if the reader can mend nothing
	Err         error       // the underlying error, or nil
	Seq         uint64      // the number of the refusal's line in sandbox.log, 0 without a line
}

// Error returns stage, restriction and reason on one line, without the hint: a front end
// can put the hint on its own line. A hostile program may have chosen a name in the text,
// so Error shows as text what a terminal would act on. The fields keep the raw text.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("refused")
	if e.Stage != "" {
		b.WriteString(plain.Sprintf(" at %s", e.Stage))
	}
	if e.Restriction != "" {
		b.WriteString(plain.Sprintf(" (%s)", e.Restriction))
	}
	if e.Reason != "" {
		b.WriteString(plain.Sprintf(": %s", e.Reason))
	}
	if e.Err != nil {
		b.WriteString(plain.Sprintf(": %v", e.Err))
	}
	return b.String()
}

// Unwrap returns the underlying error for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }
