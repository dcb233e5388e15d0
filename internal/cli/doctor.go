package cli

import (
	"errors"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/policy"
)

const doctorUse = "doctor [--json] [-C DIR] [-c KEY=VALUE] [--profile NAME] | --seccomp-profile | --apparmor-profile"

const doctorHelp = `  -C DIR           the folder in which whole starts are tried (default: here)
  -c KEY=VALUE     set a key of config.toml for once; may be repeated
  --profile NAME   lay [profiles.NAME] of config.toml over the rest
  --json           as a JSON list
  --seccomp-profile   print a seccomp profile for container engines, and nothing else (docs/containers.md)
  --apparmor-profile  print an AppArmor profile for Ubuntu 24.04, and nothing else

exit code: 0 when all holds, 1 when something does not
`

// doctor prints what the machine can enforce, layer by layer.
func doctor(args []string) int {
	var s settings.Flags
	var asJSON bool
	var profile profiles
	set := settings.NewFlagSet("doctor")
	s.Define(set)
	profile.define(set)
	set.BoolVar(&asJSON, "json", false, "")
	err := onlyFlags(set, args)
	if err == nil && s.Mode != policy.ModeUnset {
		err = errors.New("doctor tries each mode: leave --sandbox out")
	}
	if err != nil {
		return badUsage(err, doctorUse, doctorHelp)
	}
	if profile.asked() {
		return profile.print(set)
	}
	policies, home, err := eachMode(s)
	if err != nil {
		return refused(err, asJSON)
	}
	gate := lockstile.New(home)
	defer gate.Close()
	findings := gate.Doctor(policies)
	code := exitOK
	for _, f := range findings {
		if !f.OK {
			code = exitFail
		}
	}
	if asJSON {
		plain.OutJSON(findings)
		return code
	}
	for i, f := range findings {
		if f.Residual != "" {
			if i == 0 || findings[i-1].Residual == "" {
				plain.Out("\nnot held, on no machine of this kind (docs/residuals.md):\n")
			}
			plain.Out("  %-16s %s\n", f.Residual, f.Name)
			continue
		}
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
		}
		plain.Out("%s  %-34s %s\n", mark, f.Name, f.Found)
		if f.Mend != "" {
			plain.Out("      mend: %s\n", f.Mend)
		}
	}
	return code
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
