package config

import (
	"strings"

	"github.com/lockstile/lockstile/internal/nearest"
)

// meant returns the key that people mean by a word that is far from the key, or "".
func meant(word string) string {
	switch word {
	case "network", "net", "allow_network":
		return "sandbox_workspace_write.network_access"
	case "mode", "sandbox":
		return "sandbox_mode"
	case "approval", "ask":
		return "approval_policy"
	case "roots", "allow_write", "writable":
		return writableRootsKey
	case "timeout":
		return "limits.wall_seconds"
	case "memory":
		return "limits.memory_mb"
	case "env":
		return setKey
	}
	return ""
}

// unknownKey names the key nearest to an unknown name. The last parts of names are
// compared too: a key in the wrong table is nearest to the same key in the right table.
func unknownKey(name string) string {
	if known := meant(name[strings.LastIndexByte(name, '.')+1:]); known != "" {
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
