package gate

import (
	"slices"
	"testing"

	"github.com/lockstile/lockstile/policy"
)

// TestEnvironmentIsMadeAnew when the caller changes anything of what it is made of,
// in place too.
func TestEnvironmentIsMadeAnew(t *testing.T) {
	var e environment
	rule := policy.Env{Inherit: policy.InheritAll, IgnoreDefaultExcludes: true, Set: map[string]string{"A": "1"}, Exclude: []string{"B"}}
	from := []string{"B=2", "C=3"}
	for _, step := range []struct {
		change func()
		want   []string
	}{
		{func() {}, []string{"A=1", "C=3"}},
		{func() {}, []string{"A=1", "C=3"}},
		{func() { rule.Set["A"] = "9" }, []string{"A=9", "C=3"}},
		{func() { rule.Exclude[0] = "C" }, []string{"A=9", "B=2"}},
		{func() { from[0] = "B=7" }, []string{"A=9", "B=7"}},
		{func() { rule.IncludeOnly = []string{"Z"} }, []string{"A=9"}},
		{func() { rule.Inherit = policy.InheritNone }, []string{"A=9"}},
	} {
		step.change()
		if got := e.apply(rule, from); !slices.Equal(got, step.want) {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
}
