package config

import (
	"strings"

	"github.com/lockstile/lockstile/internal/nearest"
)

// meant has words that are far from the key that people mean by them.
var meant = map[string]string{
	"network": "sandbox_workspace_write.network_access", "net": "sandbox_workspace_write.network_access", "allow_network": "sandbox_workspace_write.network_access",
	"mode": "sandbox_mode", "sandbox": "sandbox_mode", "approval": "approval_policy", "ask": "approval_policy",
	"roots": "sandbox_workspace_write.writable_roots", "allow_write": "sandbox_workspace_write.writable_roots", "writable": "sandbox_workspace_write.writable_roots",
	"timeout": "limits.wall_seconds", "memory": "limits.memory_mb", "env": "shell_environment_policy.set",
}

// unknownKey names the key nearest to an unknown name. The last parts of names are
// compared too: a key in the wrong table is nearest to the same key in the right table.
func unknownKey(name string) string {
	if known, ok := meant[name[strings.LastIndexByte(name, '.')+1:]]; ok {
		return known
	}
	best, least := "profiles", nearest.Distance(name, "profiles")
	last := name[strings.LastIndexByte(name, '.')+1:]
	for _, full := range knownNames(name) {
		d := min(nearest.Distance(name, full), nearest.Distance(last, full[strings.LastIndexByte(full, '.')+1:])+2)
		if d < least {
			best, least = full, d
		}
		if table, _, ok := strings.Cut(full, "."); ok {
			if d := nearest.Distance(name, table); d < least {
				best, least = table, d
			}
		}
	}
	return best
}

// knownNames lists the keys that a mistyped name may have meant, with the user's own names
// for the stars.
func knownNames(typed string) []string {
	all := make([]string, 0, len(keys)+len(sessionKeys)+len(codexKeys)+len(below))
	for i := range keys {
		all = append(all, keys[i].name)
	}
	own := "NAME"
	if parts := strings.Split(typed, "."); len(parts) > 2 {
		own = parts[1]
	}
	for i := range sessionKeys {
		all = append(all, strings.Replace(sessionKeys[i].name, "*", own, 1))
	}
	for i := range codexKeys {
		all = append(all, codexKeys[i].name)
	}
	return all
}

// Keys lists the keys that have no name of the user's in them.
func Keys() (all []string) {
	for i := range keys {
		all = append(all, keys[i].name)
	}
	for i := range sessionKeys {
		if !strings.Contains(sessionKeys[i].name, "*") {
			all = append(all, sessionKeys[i].name)
		}
	}
	return all
}
