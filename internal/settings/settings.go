// Package settings defines the flags for choosing a policy, for all programs, and the flags
// of a session with a model, and loads what they choose. Package settings must never choose anything itself: a missing flag means
// the configuration and its defaults.
package settings

import (
	"flag"
	"io"
	"path/filepath"
	"slices"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/config"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/survey"
	"github.com/lockstile/lockstile/policy"
)

// Flags are the flags of a command line. The zero value holds no flag.
type Flags struct {
	overrides []string
	profile   string
	Mode      policy.Mode // ModeUnset without the flag
	Dir       string      // the workspace, "." without the flag

	// Of a session, after DefineSession.
	Model    string // empty without the flag
	Provider string // empty without the flag
	OSS      bool   // a server on this machine is to be looked for
}

// NewFlagSet makes a silent set: its errors would repeat raw text of the command line.
func NewFlagSet(name string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return set
}

// Define adds the flags to a set.
func (f *Flags) Define(set *flag.FlagSet) {
	set.Func("c", "", func(v string) error { f.overrides = append(f.overrides, v); return nil })
	set.StringVar(&f.profile, "profile", "", "")
	set.StringVar(&f.Dir, "C", ".", "")
	set.Func("sandbox", "", func(name string) (err error) {
		f.Mode, err = policy.ParseMode(name)
		return err
	})
}

// Load reads the configuration and returns the policy and the product's folder, or ""
// without a folder. The error is a *refusal.Error.
func (f *Flags) Load() (p policy.Policy, home string, err error) {
	if home, err = lockstile.Home(); err != nil {
		return p, home, err
	}
	p, err = lockstile.LoadPolicy(lockstile.Settings{Home: home, Dir: f.Dir, Profile: f.profile, Overrides: f.overrides, Mode: f.Mode})
	return p, home, err
}

// DefineSession adds the flags of a session to a set.
func (f *Flags) DefineSession(set *flag.FlagSet) {
	f.Define(set)
	set.StringVar(&f.Model, "m", "", "")
	set.StringVar(&f.Model, "model", "", "")
	set.StringVar(&f.Provider, "provider", "", "")
	set.BoolVar(&f.OSS, "oss", false, "")
}

// LoadSession is Load with the rest of the configuration, from the same reading.
func (f *Flags) LoadSession() (p policy.Policy, s config.Session, home string, err error) {
	if home, err = lockstile.Home(); err != nil {
		return p, s, home, err
	}
	in := config.Input{
		Home: home, Profile: f.profile, Overrides: f.overrides, Workspace: f.Dir, UserHome: host.UserHome(), Model: f.Model, Provider: f.Provider,
		EarlierRoots: func(home string) []string { return survey.Roots(filepath.Join(home, "private")) },
	}
	if f.Mode != policy.ModeUnset {
		in.Sandbox = f.Mode.String()
	}
	p, s, err = config.LoadSession(in)
	return p, s, home, err
}

// Try returns the policy of the same flags with more overrides, and with another mode
// unless mode is ModeUnset. The error is a *refusal.Error.
func (f *Flags) Try(mode policy.Mode, overrides ...string) (policy.Policy, error) {
	if mode == policy.ModeUnset {
		mode = f.Mode
	}
	return lockstile.LoadPolicy(lockstile.Settings{Dir: f.Dir, Profile: f.profile, Overrides: slices.Concat(f.overrides, overrides), Mode: mode})
}

// Keys lists the keys of config.toml that -c may set.
func Keys() []string { return config.Keys() }
