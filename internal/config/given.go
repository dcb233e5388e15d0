package config

import (
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/nearest"
	"github.com/lockstile/lockstile/internal/trustname"
)

// givenUp returns the protected names that the user gives up, in one spelling and in
// order, so that equal choices make equal policies.
func givenUp(s settings) ([]string, error) {
	var out []string
	for _, name := range s.list(trustKey) {
		if why := trustname.KeptProtected(name); why != "" {
			return nil, refuse(givenHint(name), "%s%s: %s %s", at(s.get(trustKey).from), trustKey, quote(name), why)
		}
		out = append(out, trustname.Fold(name))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// givenHint lists the names that can be given up, or names the one that was probably meant.
func givenHint(name string) string {
	var names []string
	for _, n := range trustname.Protected() {
		if trustname.KeptProtected(n.Pattern) == "" {
			names = append(names, n.Pattern)
		}
	}
	if trustname.IsProtected(name, true) && !glob.IsPattern(name) {
		return "leave it out; the names that can be given up are " + strings.Join(names, ", ")
	}
	return "the nearest name that can be given up is " + quote(nearest.Of(strings.ToLower(name), names))
}
