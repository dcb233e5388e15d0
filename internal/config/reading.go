package config

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/policy"
)

// reading returns the rules for reading: first the well-known credential stores, except
// stores that allow_read names literally, then the user's denials and allowances.
func reading(in Input, p policy.Policy, s settings) ([]policy.ReadRule, error) {
	denied, err := patterns(in, p, s, denyReadKey)
	if err != nil {
		return nil, err
	}
	allowed, err := patterns(in, p, s, allowReadKey)
	if err != nil {
		return nil, err
	}
	opened := make(map[string]bool, len(allowed))
	for _, pattern := range allowed {
		opened[pattern] = true
	}
	// The product hides its own folder in any case, whatever the rules say.
	rules := slices.DeleteFunc(policy.Policy{}.Complete(in.UserHome).Read, func(r policy.ReadRule) bool { return opened[r.Pattern] })
	for _, pattern := range denied {
		rules = append(rules, policy.ReadRule{Pattern: pattern, From: s.get(denyReadKey).from})
	}
	for _, pattern := range allowed {
		rules = append(rules, policy.ReadRule{Pattern: pattern, Allow: true, From: s.get(allowReadKey).from})
	}
	return rules, nil
}

// patterns resolves the items of a key. An item that begins with ** counts in the
// workspace and in each writable root.
func patterns(in Input, p policy.Policy, s settings, name string) ([]string, error) {
	var out []string
	for _, item := range s.list(name) {
		if strings.HasPrefix(item, "**/") {
			out = append(out, path.Join(glob.Escape(filepath.ToSlash(p.Workspace)), item))
			for _, r := range p.WritableRoots {
				out = append(out, path.Join(glob.Escape(filepath.ToSlash(r.Path)), item))
			}
			continue
		}
		pattern, problem := expandPattern(item, in.UserHome)
		if problem == "" && isRoot(pattern) {
			problem = "is the whole file system"
		}
		if problem != "" {
			return nil, refuse(`give an absolute path, one with ~, or a pattern that begins with "**/" for the workspace`,
				"%s%s: %s %s", at(s.get(name).from), name, quote(item), problem)
		}
		out = append(out, filepath.ToSlash(pattern))
	}
	return out, nil
}

// expandPattern is expand for a pattern: the characters of the home are literal.
func expandPattern(item, userHome string) (pattern, problem string) {
	return expand(item, glob.Escape(userHome))
}
