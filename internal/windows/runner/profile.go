package runner

import (
	"slices"
	"strings"
)

// profile are the variables that lead to a user's own files: the command's are those of
// the account that it runs as.
var profile = []string{"APPDATA", "HOME", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "USERDOMAIN", "USERNAME", "USERPROFILE"}

// withProfile puts the runner's own in place of the caller's, of those that the caller
// hands on.
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
