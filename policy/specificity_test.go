//go:build !windows

package policy

import (
	"testing"

	"pgregory.net/rapid"
)

// TestReadRulesProperties checks that the verdict depends on the set of rules, not on
// their order, and that an allowance can never undo a denial of the exact path.
func TestReadRulesProperties(t *testing.T) {
	component := rapid.SampledFrom([]string{"a", "b", "ab", "*", "**", "a*", "?"})
	literal := rapid.SampledFrom([]string{"a", "b", "ab"})
	rapid.Check(t, func(t *rapid.T) {
		target := ""
		for _, c := range rapid.SliceOfN(literal, 1, 4).Draw(t, "target") {
			target += "/" + c
		}
		p := Policy{Mode: ModeReadOnly}
		for range rapid.IntRange(0, 6).Draw(t, "rules") {
			pattern := ""
			for _, c := range rapid.SliceOfN(component, 1, 4).Draw(t, "pattern") {
				pattern += "/" + c
			}
			p.Read = append(p.Read, ReadRule{Pattern: pattern, Allow: rapid.Bool().Draw(t, "allow")})
		}
		got := p.DecideRead(target).Allowed
		shuffled := Policy{Mode: ModeReadOnly, Read: rapid.Permutation(p.Read).Draw(t, "order")}
		if shuffled.DecideRead(target).Allowed != got {
			t.Fatalf("the verdict on %q depends on the order of %v", target, p.Read)
		}
		p.Read = append(p.Read, ReadRule{Pattern: target})
		if p.DecideRead(target).Allowed {
			t.Fatalf("a denial of exactly %q is undone by %v", target, p.Read)
		}
	})
}
