package cli

import (
	"errors"
	"slices"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/policy"
)

// doctor prints what the machine can enforce, layer by layer.
func doctor(args []string) int {
	var s settings.Flags
	var asJSON, residuals bool
	var profile profiles
	set := settings.NewFlagSet("doctor")
	s.Define(set)
	profile.define(set)
	set.BoolVar(&asJSON, "json", false, "")
	set.BoolVar(&residuals, "residuals", false, "")
	err := onlyFlags(set, args)
	if err == nil && s.Mode != policy.ModeUnset {
		err = errors.New("doctor tries each mode: leave --sandbox out")
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	switch {
	case profile.asked():
		return profile.print(set, args)
	case residuals:
		return showResiduals(asJSON)
	}
	policies, home, err := eachMode(s)
	if err != nil {
		return refused(err, asJSON)
	}
	gate := lockstile.New(home)
	defer gate.Close()
	findings := gate.Doctor(policies)
	if asJSON {
		plain.OutJSON(findings)
	} else {
		plain.OutText(examination(home, findings))
	}
	if slices.ContainsFunc(findings, func(f lockstile.Finding) bool { return !f.OK }) {
		return exitFail
	}
	return exitOK
}

// eachMode returns the policies of starts in each mode under the flags. workspace-write
// comes first, since its plan demands the most of the workspace.
func eachMode(s settings.Flags) (all []policy.Policy, home string, err error) {
	for _, s.Mode = range []policy.Mode{policy.ModeWorkspaceWrite, policy.ModeReadOnly, policy.ModeDangerFullAccess} {
		p, at, err := s.Load()
		if err != nil {
			return nil, at, err
		}
		all, home = append(all, p), at
	}
	return all, home, nil
}
