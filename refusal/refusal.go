// Package refusal is the typed "no" of lockstile. Every layer that declines to
// start a command says so with an *Error, so that a person, a program and an
// agent can each act on it. The package holds no logic and imports nothing of
// the product but its printer; it must never grow a way to turn a refusal into a weaker
// start.
package refusal

import (
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

// Stage names the step of a start that said no.
type Stage string

// The stages, in the order in which a start passes them.
const (
	StageConfig  Stage = "config"  // reading and merging configuration
	StageApprove Stage = "approve" // asking a person, where the policy wants that
	StagePlan    Stage = "plan"    // turning the policy into what this OS can enforce
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
	CodeNotApproved Code = "not-approved"  // a person said no, or there is nobody to ask
	CodeUnset       Code = "unset"         // the policy leaves something undecided
	CodeInput       Code = "bad-input"     // the command or the folder can't be started as given
	CodeUnsupported Code = "unsupported"   // this machine can't enforce what is asked
	CodeLaunch      Code = "launch-failed" // a step of placing the restrictions failed
	CodeDeadline    Code = "deadline"      // a step took too long
	CodeDied        Code = "died"          // the confined process ended before its release
	CodeNotProven   Code = "not-proven"    // a restriction could not be shown to hold
	CodeRecord      Code = "no-record"     // the log could not be written
	CodeNoCommand   Code = "no-command"    // there is no such program, or it can't be executed
)

// Error says why a command was not started. The zero value is a refusal too:
// it names nothing, but it still refuses.
type Error struct {
	Code        Code        // the kind, for programs
	Stage       Stage       // which step refused
	Restriction Restriction // what could not be shown to hold; empty where none is meant
	Reason      string      // what was found, in one sentence, without secrets
	Hint        string      // what would mend it; empty when nothing the reader can do would
	Err         error       // the underlying error, nil when there was none
}

// Error gives stage, restriction and reason on one line; the hint stays apart,
// so that a front end can put it on its own line. Names in it can be anybody's: what a
// terminal would act on is shown as text. The fields have it as it is.
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
