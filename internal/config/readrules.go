package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
)

// readRules makes the rules about reading: the default credential stores,
// then deny_read and allow_read. An allowance that names a default store as
// the list does takes it off the list; the product's own directory never
// opens. Where a denial's path leads through a link, a second rule names what
// the link leads to; an allowance is never followed, since whoever can make the
// link would choose what it opens.
func readRules(in Input, s settings) ([]policy.ReadRule, error) {
	user := make([]policy.ReadRule, 0, 8)
	for _, name := range [...]string{"filesystem.deny_read", "filesystem.allow_read"} {
		v := s.get(name)
		for _, item := range s.list(name) {
			pattern, problem := expandPattern(item, in.UserHome)
			if problem != "" {
				return nil, refuse("begin with / or ~/; /**/NAME means NAME anywhere", "%s%s: %s %s", at(v.from), name, quote(item), problem)
			}
			allow := name == "filesystem.allow_read"
			if allow && opensHome(pattern, in.Home) {
				return nil, refuse("", "%s%s: %s would open lockstile's own directory, which is always hidden", at(v.from), name, quote(item))
			}
			user = append(user, policy.ReadRule{Pattern: pattern, Allow: allow, From: v.from})
		}
	}
	defaults := policy.DefaultDenyRead(in.UserHome, in.Home, policy.Origin{Note: "default"})
	defaults = slices.DeleteFunc(defaults, func(d policy.ReadRule) bool {
		return slices.ContainsFunc(user, func(u policy.ReadRule) bool { return u.Allow && u.Pattern == d.Pattern })
	})
	return resolveRules(append(defaults, user...)), nil
}

// expandPattern is expand for patterns. A ** must be a component of its own:
// elsewhere it would mean no more than *, and surprise.
func expandPattern(item, userHome string) (pattern, problem string) {
	if strings.HasPrefix(item, "~") {
		userHome = policy.EscapeGlob(userHome)
	}
	pattern, problem = expand(item, userHome)
	if problem != "" {
		return "", problem
	}
	pattern = filepath.ToSlash(pattern)
	for _, part := range strings.Split(pattern, "/") {
		if part != "**" && strings.Contains(part, "**") {
			return "", "holds ** beside other characters; ** stands for whole components"
		}
	}
	if isRoot(filepath.FromSlash(pattern)) {
		return "", "is the whole file system"
	}
	return pattern, ""
}

// opensHome reports whether an allowance could be more specific than the rule
// that hides the product's directory.
func opensHome(pattern, home string) bool {
	prefix := filepath.FromSlash(policy.LiteralPrefix(pattern))
	return contains(home, filepath.Clean(prefix)) || contains(home, canonicalOrClean(prefix))
}

// resolveRules adds, for each denial whose path leads through a link, the rule
// for where it leads. Rules for paths that do not exist stay as they are.
func resolveRules(rules []policy.ReadRule) []policy.ReadRule {
	seen := make(map[string]string, 16) // parent directory to its resolved form; "" when absent
	var extra []policy.ReadRule
	for _, r := range rules {
		if r.Allow {
			continue
		}
		base, rest := literalDir(r.Pattern)
		resolved := resolvePath(base, seen)
		if resolved == "" || resolved == base {
			continue
		}
		r.Pattern = policy.EscapeGlob(filepath.ToSlash(resolved))
		if rest != "" {
			r.Pattern += "/" + rest
		}
		extra = append(extra, r)
	}
	return append(rules, extra...)
}

// literalDir splits a pattern before the first component that holds a special
// character.
func literalDir(pattern string) (base, rest string) {
	if !policy.HasGlob(pattern) {
		return pattern, ""
	}
	cut := strings.LastIndexByte(policy.LiteralPrefix(pattern), '/')
	return pattern[:max(cut, 0)], pattern[cut+1:]
}

// resolvePath resolves the links of a path, "" when it does not exist. The
// default list has many paths with few parents: each parent is resolved once,
// and a child then costs one lstat, or none when the parent is absent.
func resolvePath(path string, seen map[string]string) string {
	if path == "" || isRoot(path) {
		return path
	}
	parent, name := filepath.Split(path)
	parent = filepath.Clean(parent)
	dir, known := seen[parent]
	if !known {
		dir, _ = filepath.EvalSymlinks(parent)
		seen[parent] = dir
	}
	if dir == "" {
		return ""
	}
	full := filepath.Join(dir, name)
	info, err := os.Lstat(full)
	if err != nil {
		return ""
	}
	if info.Mode()&os.ModeSymlink == 0 {
		return full
	}
	full, err = filepath.EvalSymlinks(full)
	if err != nil {
		return ""
	}
	return full
}
