package lockstile

import (
	"github.com/lockstile/lockstile/internal/config"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Settings are the parts of a policy beside config.toml, like the flags of the command
// line. Dir is required; any other zero value leaves the choice to config.toml.
type Settings struct {
	Home      string      // the product's own folder, "" for Home()
	Dir       string      // the workspace; may be relative or a link
	Profile   string      // the name of a table in [profiles]; "" for none
	Overrides []string    // KEY=VALUE, as with -c; the last value of a key counts
	Mode      policy.Mode // ModeUnset: the configuration's
}

// LoadPolicy returns the policy of `lockstile run` with these settings: defaults,
// config.toml, the profile, the overrides and the mode, the later over the earlier. The
// error is a *refusal.Error.
func LoadPolicy(s Settings) (policy.Policy, error) {
	in, err := s.input()
	if err != nil {
		return policy.Policy{}, err
	}
	return config.Load(in)
}

// LoadPolicyText returns the policy of LoadPolicy with a text in place of the config.toml
// that is there. The error is a *refusal.Error.
func LoadPolicyText(s Settings, text []byte) (policy.Policy, error) {
	in, err := s.input()
	if err != nil {
		return policy.Policy{}, err
	}
	return config.LoadText(in, text)
}

// NewPolicy returns the policy of `lockstile run` for a mode and a workspace without a
// config.toml: credential stores can't be read, variables that look like secrets are not
// handed on, the network is off unless the mode is danger-full-access. dir may be
// relative or a link. The error is a *refusal.Error, for example if the workspace is no
// folder or holds the user's home.
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
	in := config.Input{Home: s.Home, Profile: s.Profile, Overrides: s.Overrides, Workspace: s.Dir, UserHome: host.UserHome(), EarlierRoots: earlierRoots}
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
