package trustname

import (
	"slices"

	"github.com/lockstile/lockstile/internal/glob"
)

// KeptProtected returns why a user can't give a name up, so that commands may write the
// name: "" for a protected name that a user can give up.
func KeptProtected(name string) (why string) {
	switch folded := Fold(name); {
	case IsGitDir(name), IsGitModules(name):
		return "stays protected, since git obeys it in every repository"
	case folded == ownName:
		return "stays protected, since this product obeys it"
	case glob.IsPattern(name):
		return "is a pattern"
	case !slices.ContainsFunc(protectedNames[:], func(n Name) bool { return n.Pattern == folded }):
		return "is no protected name"
	}
	return ""
}

// Protects is IsProtected for a user who gives up the names of given. A name that can't be
// given up stays protected, and so does each other spelling for which only Windows or a
// pattern takes the name.
func Protects(name string, atRoot bool, given []string) bool {
	return IsProtected(name, atRoot) && !GivenUp(name, given)
}

// GivenUp reports whether name is one of the names that a user gives up.
func GivenUp(name string, given []string) bool {
	if len(given) == 0 || KeptProtected(name) != "" {
		return false
	}
	folded := Fold(name)
	return slices.ContainsFunc(given, func(g string) bool { return Fold(g) == folded })
}
