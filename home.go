package lockstile

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/survey"
)

// ownHome is the product's own folder. The view hides the folder, with a mount at the
// link's target. But whoever can replace a link on the way chooses another folder.
type ownHome struct {
	real  string // without links
	named string // as given, absolute
}

// locate follows the links on the way. For an absent folder, real is the given name.
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

// ways are the paths by which the next start finds the policy, and the records of earlier
// starts.
func (h ownHome) ways() []string {
	out := []string{h.named}
	for _, name := range []string{"config.toml", "private", audit.LogName, audit.HeadName} {
		out = append(out, filepath.Join(h.named, name))
	}
	// The files of profiles.
	if entries, err := os.ReadDir(h.named); err == nil {
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".config.toml") {
				out = append(out, filepath.Join(h.named, e.Name()))
			}
		}
	}
	if user, err := os.UserHomeDir(); err == nil { // credential stores lie below
		out = append(out, user)
	}
	return out
}

// earlierRoots lists the roots of earlier starts, and of running commands.
func earlierRoots(home string) []string { return survey.Roots(filepath.Join(home, "private")) }
