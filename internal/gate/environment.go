package gate

import (
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/lockstile/lockstile/policy"
)

// lastEnvironment keeps the last environment that was made: a caller starts many
// commands from one, and there are some thousand comparisons in it.
var lastEnvironment environment

type environment struct {
	mu   sync.Mutex
	rule policy.Env
	from []string
	kept []string
}

// apply is rule.Apply(from). What it returns belongs to all callers: they must not
// change it.
func (e *environment) apply(rule policy.Env, from []string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.kept == nil || !slices.Equal(e.from, from) || !reflect.DeepEqual(e.rule, rule) {
		// Copies: the caller may change its own.
		e.rule, e.from = rule, slices.Clone(from)
		e.rule.Set, e.rule.Exclude, e.rule.IncludeOnly = maps.Clone(rule.Set), slices.Clone(rule.Exclude), slices.Clone(rule.IncludeOnly)
		e.kept, _ = rule.Apply(from)
	}
	return e.kept
}
