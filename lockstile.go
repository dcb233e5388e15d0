// Package lockstile starts commands for coding agents, each confined, measured and
// recorded before its first instruction runs.
//
// A [Gate] is opened once; [Gate.Start] starts a command under a policy, and [Child.Wait]
// waits for the command's end. The examples show a whole start. Package session keeps
// commands that live on. [LoadPolicy] and [NewPolicy] make policies; package policy
// describes them.
//
// The gate is the only place from which a command starts. A start goes from top to
// bottom: policy, plan, confined process, evidence, verdict, record, release.
//
// Each error of a start is a *refusal.Error, with the reason and the mend; after an error
// nothing was started. Package lockstile must never start a command in another way,
// release a command without proof of every restriction or without a written record, take
// a plan from a caller, or start a command under less than the policy. Pipes and
// terminals are parameters of the same call.
//
// On Linux package lockstile uses signal 40: the signal interrupts calls of a thread that
// makes a connect for a command. A program must not ignore signal 40, and may see the
// signal when the program asks os/signal for all signals.
package lockstile

import (
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/refusal"
)

// Version is the newest release of CHANGELOG.md, or, with unreleased lines, the next release
// with -dev.
const Version = "0.1.0-dev"

// Home is the product's own folder: $LOCKSTILE_HOME, or ~/.lockstile.
func Home() (string, error) {
	if dir := os.Getenv("LOCKSTILE_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &refusal.Error{Code: refusal.CodeConfig, Stage: refusal.StageConfig, Reason: "there is no folder for the log",
			Hint: "set LOCKSTILE_HOME or HOME", Err: err}
	}
	return filepath.Join(home, ".lockstile"), nil
}
