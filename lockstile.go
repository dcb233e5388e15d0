// Package lockstile starts commands for coding agents, each confined, measured
// and recorded before its first instruction runs.
//
// A [Gate] is opened once; [Gate.Start] starts a command under a policy, and
// [Child.Wait] waits for its end. The examples show it whole. Package session keeps
// commands that live on. [LoadPolicy] and [NewPolicy] make policies; package policy
// says what is in them.
//
// The gate is the one door: the only place from which a command starts. A start reads
// from top to bottom as it goes: policy, plan, confined process, evidence, verdict,
// record, release.
//
// Each error of a start is a *refusal.Error: nothing was started, and it says why and
// what would mend it. The package must never start a command in another way, release
// one whose restrictions were not all shown to hold or whose record is not written,
// take a plan from a caller, or start a command under less than its policy. Pipes and
// terminals are parameters of the one call.
//
// On Linux the package takes signal 40 for itself: the signal interrupts calls of a
// thread that makes a connect for a command. A program must not ignore it, and may see
// it where it asks os/signal for all.
package lockstile

import (
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/refusal"
)

// Version is the version that CHANGELOG.md is at.
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
