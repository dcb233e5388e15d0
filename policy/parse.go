package policy

import "fmt"

// ParseMode reads the name of a mode from the configuration.
func ParseMode(name string) (Mode, error) {
	for _, m := range []Mode{ModeReadOnly, ModeWorkspaceWrite, ModeDangerFullAccess} {
		if m.String() == name {
			return m, nil
		}
	}
	return ModeUnset, fmt.Errorf("%q is no sandbox mode: read-only, workspace-write or danger-full-access", name)
}
