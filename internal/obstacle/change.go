package obstacle

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// The keys of variables, and of reading.
const (
	denyKey        = "filesystem.deny_read"
	inheritKey     = "shell_environment_policy.inherit"
	excludeKey     = "shell_environment_policy.exclude"
	includeKey     = "shell_environment_policy.include_only"
	defaultExclude = "shell_environment_policy.ignore_default_excludes"
)

// Change returns the setting that turns the policy's decision about a target around, or
// the reason why there is none: an allowed target would be denied, a denied one allowed. A
// target of a read or a write is a path without links. The setting is tried.
func (s Seen) Change(a policy.Access, target string) Obstacle {
	d := s.Policy.Decide(a, target)
	o := Obstacle{What: target, Cause: d.Rule}
	turned := func(p policy.Policy) bool { return p.Decide(a, target).Allowed != d.Allowed }
	switch {
	case s.Policy.Mode == policy.ModeDangerFullAccess && a != policy.AccessEnv:
		o.propose(s.set(modeKey, `"workspace-write"`, turned))
	case d.Allowed:
		o.propose(s.denying(a, target, turned))
	default:
		o.propose(s.allowing(a, target, d, turned))
	}
	return o
}

func (s Seen) allowing(a policy.Access, target string, d policy.Decision, turned func(policy.Policy) bool) proposal {
	switch a {
	case policy.AccessRead:
		return s.readable(target)
	case policy.AccessWrite:
		return s.writable(target, d, false)
	case policy.AccessConnect:
		if !strings.HasPrefix(target, "unix:") {
			if p := s.server(target); p.setting != "" {
				return p
			}
		}
		return s.network()
	case policy.AccessEnv:
		return s.handedOn(target, d, turned)
	}
	return none("no setting allows it")
}

// denying proposes a setting that denies an allowed access.
func (s Seen) denying(a policy.Access, target string, turned func(policy.Policy) bool) proposal {
	switch a {
	case policy.AccessRead:
		if trail.Within(s.Policy.Workspace, target) {
			return none("no setting denies it: a workspace has to be readable")
		}
		return s.set(denyKey, list(append(s.listed(denyKey), glob.Escape(target))), turned)
	case policy.AccessWrite:
		switch s.place(target) {
		case s.Policy.Workspace:
			return s.set(modeKey, `"read-only"`, turned)
		case "/tmp":
			return s.set(tmpKey, "true", turned)
		}
		return s.withoutRoot(target, turned)
	case policy.AccessConnect:
		if s.Policy.NetworkByName() {
			return s.set(serversDenyKey, list(append(s.listed(serversDenyKey), target)), turned)
		}
		return s.set(networkKey, "false", turned)
	case policy.AccessEnv:
		name, _, _ := strings.Cut(target, "=")
		return s.set(excludeKey, list(append(s.listed(excludeKey), name)), turned)
	}
	return none("no setting denies it")
}

// withoutRoot proposes the writable roots without the root of a path.
func (s Seen) withoutRoot(target string, turned func(policy.Policy) bool) proposal {
	at := s.place(target)
	roots := slices.DeleteFunc(s.listed(rootsKey), func(root string) bool { return s.real(expanded(root)) == at })
	return s.set(rootsKey, list(roots), turned)
}

// expanded replaces the mark of the home.
func expanded(item string) string {
	if rest, ok := strings.CutPrefix(item, "~"); ok {
		return os.Getenv("HOME") + rest
	}
	return filepath.Clean(item)
}

// handedOn proposes a setting by which a variable is handed on.
func (s Seen) handedOn(target string, d policy.Decision, turned func(policy.Policy) bool) proposal {
	name, _, _ := strings.Cut(target, "=")
	_, rule, _ := strings.Cut(d.Rule, ": ")
	key, _, _ := strings.Cut(rule, " ")
	switch key {
	case "inherit":
		return s.set(inheritKey, `"all"`, turned)
	case "exclude":
		pattern := strings.TrimSuffix(strings.TrimPrefix(rule, `exclude "`), `"`)
		return s.set(excludeKey, list(slices.DeleteFunc(s.listed(excludeKey), func(g string) bool { return g == pattern })), turned)
	case "include_only":
		return s.set(includeKey, list(append(s.listed(includeKey), name)), turned)
	case "default":
		p := s.set(defaultExclude, "true", turned)
		if p.setting == "" {
			p.instead = fmt.Sprintf("no single setting hands %s on; ask the user", name)
		}
		return p
	}
	return none("no setting allows it")
}
