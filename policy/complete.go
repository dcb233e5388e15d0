package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/lockstile/lockstile/internal/stores"
)

// ReadEverything returns the rule that opens the well-known credential stores, as the
// whole of Policy.Read or a part of it. Besides it, only a rule that names a store opens
// the store.
func ReadEverything() []ReadRule {
	return []ReadRule{{Pattern: "/", Allow: true, From: Origin{Note: "ReadEverything"}}}
}

// Complete fills in the defaults of a policy. The default credential stores below
// userHome and in the system can't be read, except stores that a rule allows under the
// same pattern. The environment is handed on without values that look like a secret.
// userHome is the user's home, absolute and without links, or "" without a home. A
// complete policy stays unchanged.
func (p Policy) Complete(userHome string) Policy {
	if p.Env.Inherit == InheritUnset {
		p.Env.Inherit = InheritAll
	}
	p.Read = completeRead(p.Read, defaultRead(userHome))
	return p
}

// defaultRead returns the rules that hide the well-known credential stores.
func defaultRead(userHome string) []ReadRule {
	patterns := stores.Patterns(userHome)
	rules := make([]ReadRule, len(patterns))
	for i, pattern := range patterns {
		rules[i] = ReadRule{Pattern: pattern, From: Origin{Note: "default"}}
	}
	return rules
}

// completeRead puts the defaults in front of the rules, except defaults that a rule
// names.
func completeRead(rules, defaults []ReadRule) []ReadRule {
	if slices.ContainsFunc(rules, func(r ReadRule) bool { return r.Allow && r.Pattern == "/" }) {
		return rules
	}
	missing := make([]ReadRule, 0, len(defaults))
	next := 0 // the rule for the same pattern, while rules and defaults stand in the same order
	for _, d := range defaults {
		if next < len(rules) && rules[next].Pattern == d.Pattern {
			next++
			continue
		}
		if !slices.ContainsFunc(rules, func(r ReadRule) bool { return r.Pattern == d.Pattern }) {
			missing = append(missing, d)
		}
	}
	if len(missing) == 0 {
		return rules
	}
	return slices.Concat(missing, rules)
}

// Digest returns 16 hexadecimal digits that name the rules: equal rules have equal digests.
func (n Network) Digest() string {
	var b []byte
	for _, rules := range [][]string{n.Allow, n.Deny, n.Private, n.Publish, n.Sockets} {
		b = append(strconv.AppendInt(b, int64(len(rules)), 10), ';')
		for _, r := range rules {
			b = append(append(strconv.AppendInt(b, int64(len(r)), 10), ':'), r...)
		}
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Digest returns 16 hexadecimal digits that name the meaning of a policy for the sandbox:
// two policies that confine alike have equal digests. The digest leaves out who is asked,
// where values were said, and the variables to set, because those may be secrets.
func (p Policy) Digest() string {
	b := make([]byte, 0, 8<<10)
	text := func(values ...string) {
		for _, v := range values { // the length first: otherwise two different lists could have the same bytes
			b = append(append(strconv.AppendInt(b, int64(len(v)), 10), ':'), v...)
		}
	}
	list := func(values []string) {
		b = append(strconv.AppendInt(b, int64(len(values)), 10), ';')
		text(values...)
	}
	text(p.Mode.String(), p.Workspace, p.Home, p.WindowsSandbox)
	b = fmt.Appendf(b, "%t %t %t %v %v %v %t", p.NetworkOpen(), p.ExcludeTmpdirEnvVar, p.ExcludeSlashTmp, p.Git, p.Caches, p.Limits, p.WithoutNamespaces)
	for _, r := range p.Roots() {
		text("root", r.Path)
	}
	for _, r := range p.Read {
		text(strconv.FormatBool(r.Allow), r.Pattern)
	}
	b = fmt.Appendf(b, "%d %t", p.Env.Inherit, p.Env.HandOnSecrets)
	list(p.Env.Exclude)
	list(p.Env.IncludeOnly)
	list(p.TrustWritable)
	text(p.Network.Digest())
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
