package obstacle

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
)

// covered reports whether the hidden place above a path is there: only then the view has
// something else in the place. The command can see as much.
func (s Seen) covered(path string) bool {
	place := "/"
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		place = filepath.Join(place, part)
		if s.unseen(place) {
			break
		}
	}
	_, err := os.Lstat(place)
	return !errors.Is(err, fs.ErrNotExist)
}

// makesFolder reports whether a line about an absent path is about making the path, in a
// folder that is there. Some programs say ENOENT for a folder that they could not make.
func (h hit) makesFolder(path string) bool {
	return h.hasAny([]string{"mkdir"}) && isDir(filepath.Dir(path)) || h.hasAny([]string{"writing go env config"}) || h.later("syscall mkdir")
}

// later reports whether a line behind the error is the text, as npm has details.
func (h hit) later(text string) bool {
	for _, line := range h.after {
		if strings.HasSuffix(lowered(line), text) {
			return true
		}
	}
	return false
}

// busy is for EBUSY: protected names are mounts, and so are the folders above them.
func (s Seen) busy(h hit) (Obstacle, bool) {
	if o, ok := s.deniedWrite(h); ok {
		return o, true
	}
	for _, name := range namesOf(h).placed {
		path, _, ok := s.full(name)
		if !ok || s.Policy.Mode != policy.ModeWorkspaceWrite || s.unseen(s.real(path)) {
			continue
		}
		inner := s.protectedIn(s.real(path))
		for name := range s.Leads {
			if inner == "" && trail.Within(name, s.real(path)) {
				inner = strings.TrimPrefix(name, s.real(path)+"/")
			}
		}
		if inner != "" {
			return Obstacle{What: path, Cause: path + " can't be renamed or removed, since the folder holds the protected name " + inner,
				Instead: "no setting is proposed; copy the folder, or ask the user to make the change"}, true
		}
	}
	return Obstacle{}, false
}

// protectedIn returns a protected name in a folder, "" for none.
func (s Seen) protectedIn(dir string) string {
	for _, name := range trustname.Protected() {
		if _, err := os.Lstat(filepath.Join(dir, name.Pattern)); err == nil && !name.RootOnly && s.Policy.Protects(name.Pattern, false) {
			return name.Pattern
		}
	}
	return ""
}
