package runner

import (
	"slices"
	"strings"
)

// profile lists the variables that lead to a user's own files: a command has the values
// of its account.
var profile = []string{"APPDATA", "HOME", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "USERDOMAIN", "USERNAME", "USERPROFILE"}

// withProfile replaces the caller's values of profile by the runner's own. Variables that
// the caller doesn't hand on stay absent.
func withProfile(env, own []string) []string {
	mine := map[string]string{}
	for _, e := range own {
		name, value, _ := strings.Cut(e, "=")
		mine[strings.ToUpper(name)] = value
	}
	mine["HOME"] = mine["USERPROFILE"]
	out := slices.Clone(env)
	for i, e := range out {
		name, _, _ := strings.Cut(e, "=")
		if upper := strings.ToUpper(name); slices.Contains(profile, upper) && mine[upper] != "" {
			out[i] = name + "=" + mine[upper]
		}
	}
	return out
}
