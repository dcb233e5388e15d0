package lockstile

import (
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/survey"
)

// ownHome is the product's own folder. The view hides it, and a mount stands where a
// link leads; but who can replace a link on the way chooses another folder.
type ownHome struct {
	real  string // without links
	named string // as it was given, absolute
}

// locate follows the links on the way. A folder that isn't there is real as it is named.
func locate(home string) (ownHome, error) {
	named, err := filepath.Abs(home)
	if err != nil {
		return ownHome{home, home}, err
	}
	real, err := filepath.EvalSymlinks(named)
	if err != nil {
		real = named
	}
	return ownHome{real, named}, err
}

// ways are the paths by which the policy of the next start is found, and what is
// believed of earlier ones.
func (h ownHome) ways() []string {
	out := []string{h.named}
	for _, name := range []string{"config.toml", "private", audit.LogName, audit.HeadName} {
		out = append(out, filepath.Join(h.named, name))
	}
	if user, err := os.UserHomeDir(); err == nil { // below which credential stores are
		out = append(out, user)
	}
	return out
}

// earlierRoots lists what commands of earlier starts could write, and of those that run.
func earlierRoots(home string) []string { return survey.Roots(filepath.Join(home, "private")) }
