package containers

import (
	"path"
	"strings"
)

// AppArmorProfile returns a profile for the programs of lockstile in a folder. The profile
// confines nothing; the one rule in it grants what Ubuntu 24.04 takes from programs without
// a profile: capabilities in user namespaces.
func AppArmorProfile(folder string) string {
	programs := escaped(path.Clean(folder)) + "/lockstile{,-agent,-mcp}"
	return strings.Join([]string{
		"# Lets lockstile make user namespaces with capabilities. Keep the programs where only",
		"# root can write: whoever can replace a program has the grant.",
		"abi <abi/4.0>,",
		"include <tunables/global>",
		"",
		`profile ` + ownProfile + ` "` + programs + `" flags=(unconfined) {`,
		"  userns,",
		"",
		"  include if exists <local/lockstile>",
		"}",
		"",
	}, "\n")
}

// escaped keeps AppArmor from reading a path as a pattern or its end (apparmor.d(5)).
func escaped(path string) string {
	var out strings.Builder
	for _, r := range path {
		if strings.ContainsRune(`"\*?[]{}^@`, r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}
