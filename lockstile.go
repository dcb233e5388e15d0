// Package lockstile starts commands for coding agents, each confined, measured
// and recorded before its first instruction runs.
//
// A [Gate] is opened once; [Gate.Start] starts a command under a policy, and
// [Child.Wait] waits for its end. The example shows it whole.
//
// Errors of Open and Start are *refusal.Error: nothing was started, and they say
// why and what would mend it. The package must never offer a second way to start
// a command, nor a way to start one under less than its policy.
//
// On Linux it takes signal 40 for itself: it interrupts calls of a thread that make a
// connect for a command. A program must not ignore it, and may see it where it asks
// os/signal for all.
package lockstile

import (
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/config"
	"github.com/lockstile/lockstile/internal/gate"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/session"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Version is the version that CHANGELOG.md is at.
const Version = "0.1.0-dev"

// Gate starts commands and keeps their records in one log.
type Gate = gate.Gate

// Request is one command that is to be started.
type Request = gate.Request

// Child is a command that was started.
type Child = gate.Child

// Approval is a person's yes to one command.
type Approval = gate.Approval

// Size is that of a terminal, in characters.
type Size = gate.Size

// Exit is how a command ended.
type Exit = gate.Exit

// Open opens the gate that keeps its log and folders in home.
func Open(home string) (*Gate, error) { return gate.Open(home) }

// Denied is a trusted name that a command made and that was taken back.
type Denied = gate.Denied

// Session is a command that lives on: looked at, typed into, ended.
type Session = session.Session

// Output is what a session's command has printed since the last look.
type Output = session.Output

// StartSession starts a command that lives on, at a gate as any other. The request
// names no streams: with Terminal set the command gets a terminal, else pipes, with
// nothing to read on its input. The error is a *refusal.Error.
func StartSession(g *Gate, r Request) (*Session, error) { return session.Start(g, r) }

// Sessions keeps sessions by numbers, lists them, and ends the least recently used
// to make room.
type Sessions = session.Table

// SessionEntry is a session among those that are kept.
type SessionEntry = session.Entry

// NewSessions keeps so many sessions at most, 64 where most is 8 or less.
func NewSessions(most int) *Sessions { return session.NewTable(most) }

// Explanation is a start as it would happen.
type Explanation = gate.Explanation

// Explain says how a request would be started, and starts nothing.
func Explain(home string, r Request) (*Explanation, error) { return gate.Explain(home, r) }

// Timing is how long the parts of a start took.
type Timing = gate.Timing

// Time makes the processes of so many starts, measures them, and ends each before its
// command runs; it gives the median of each part's time.
func Time(home string, r Request, starts int) (*Timing, error) { return gate.Time(home, r, starts) }

// Finding is what Doctor found out about one thing that a start needs.
type Finding = gate.Finding

// Doctor tries what starts need on this machine, each thing on its own, and then a start
// under each policy.
func Doctor(home string, policies []policy.Policy) []Finding { return gate.Doctor(home, policies) }

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

// Settings is what is said of a policy beside config.toml, as flags of the command line
// say it. Dir has to be said; the rest is as config.toml has it.
type Settings struct {
	Home      string      // the product's own folder, "" for Home()
	Dir       string      // the workspace, which may be relative or a link
	Profile   string      // the name of a table in [profiles]; "" for none
	Overrides []string    // KEY=VALUE, as with -c; the last one of a key counts
	Mode      policy.Mode // ModeUnset: the configuration's
}

// LoadPolicy gives the policy that `lockstile run` has with these settings: defaults,
// config.toml, the profile, the overrides and the mode, the later over the earlier.
// The error is a *refusal.Error.
func LoadPolicy(s Settings) (policy.Policy, error) {
	in, err := s.input()
	if err != nil {
		return policy.Policy{}, err
	}
	return config.Load(in)
}

// NewPolicy gives the policy that `lockstile run` has for a mode and a workspace where
// there is no config.toml: credential stores can't be read, what looks like a secret is
// not handed on, the network is off unless the mode is danger-full-access. dir may be
// relative or a link. The error is a *refusal.Error, as for a workspace that is no folder
// or holds the user's home.
func NewPolicy(mode policy.Mode, dir string) (policy.Policy, error) {
	if mode == policy.ModeUnset {
		return policy.Policy{}, &refusal.Error{Code: refusal.CodeUnset, Stage: refusal.StageConfig, Reason: "no sandbox mode is set", Hint: "name one of package policy's modes"}
	}
	in, err := Settings{Dir: dir, Mode: mode}.input()
	if err != nil {
		return policy.Policy{}, err
	}
	return config.Defaults(in)
}

func (s Settings) input() (config.Input, error) {
	in := config.Input{Home: s.Home, Profile: s.Profile, Overrides: s.Overrides, Workspace: s.Dir, UserHome: host.UserHome(), EarlierRoots: gate.EarlierRoots}
	if s.Mode != policy.ModeUnset {
		in.Sandbox = s.Mode.String()
	}
	if in.Home == "" {
		var err error
		if in.Home, err = Home(); err != nil {
			return in, err
		}
	}
	return in, nil
}
