package survey

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/lockstile/lockstile/internal/caches"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/mountinfo"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// FindCaches looks at the places of caches, and returns the places that a private folder
// can lie over. A cache without a usable place gets a folder of its own if the caller
// doesn't name a place. upper returns the private folder of a cache.
func FindCaches(p policy.Policy, f host.Facts, env func(string) string, upper func(store string) string) host.Caches {
	s := cacheSurvey{policy: p, facts: f, upper: upper}
	for _, place := range caches.Places(f.UserHome, env) {
		why := s.consider(place)
		if why == "" || why == inside {
			continue
		}
		if why != absent {
			s.found.Left = append(s.found.Left, host.LeftCache{Name: place.Name, Why: place.Path + " " + why})
		}
		if place.Own && !place.Set && env(place.Variable) == "" {
			s.found.Own = append(s.found.Own, host.OwnCache{Name: place.Name, Variable: place.Variable})
		}
	}
	return s.found
}

type cacheSurvey struct {
	policy policy.Policy
	facts  host.Facts
	upper  func(store string) string
	found  host.Caches
	points []string // the machine's mounts, once read
}

// The reasons that need no word to the user.
const (
	absent = "is absent"
	inside = "lies in another place"
)

// consider takes a place up, or returns why not.
func (s *cacheSurvey) consider(place caches.Place) string {
	at := place.Path
	if at == "" {
		return absent
	}
	if slices.ContainsFunc(s.found.Places, func(c host.Cache) bool { return trail.Within(at, c.Path) }) {
		return inside
	}
	c := host.Cache{Name: place.Name, Path: at, Store: caches.Store(place.Name, at)}
	if why := s.unusable(c); why != "" {
		return why
	}
	s.found.Places = append(s.found.Places, c)
	return ""
}

func (s *cacheSurvey) unusable(c host.Cache) string {
	info, err := os.Lstat(c.Path)
	switch {
	case err != nil:
		return absent
	case info.Mode()&os.ModeSymlink != 0:
		return "is a link"
	case !info.IsDir():
		return "is no folder"
	case !ours(info):
		return "belongs to another user"
	}
	if real, err := filepath.EvalSymlinks(c.Path); err != nil || real != c.Path {
		return "lies behind a link"
	}
	for _, other := range s.others() {
		if trail.Within(c.Path, other) || trail.Within(other, c.Path) {
			return inside // of a folder that the view has anyway, or around it
		}
	}
	if s.facts.UserHome != "" && trail.Within(s.facts.UserHome, c.Path) {
		return "holds the home"
	}
	if why := s.hidden(c); why != "" {
		return why
	}
	if s.mountsBelow(c.Path) {
		return "holds another file system"
	}
	return ""
}

// others lists the folders that the view has without the caches.
func (s *cacheSurvey) others() []string {
	out := []string{"/proc", "/dev", "/run", "/tmp", "/sys", s.policy.Home}
	if s.facts.TempDir != "" {
		out = append(out, s.facts.TempDir)
	}
	for _, r := range s.policy.Roots() {
		out = append(out, r.Path)
	}
	return out
}

// hidden returns why a rule for reading keeps a cache away. A cover needs its place in the
// view: the private folder must not have put something else there.
func (s *cacheSurvey) hidden(c host.Cache) string {
	h := s.facts.Hidden
	for _, covered := range h.Covered {
		switch {
		case trail.Within(c.Path, covered.Path):
			return "may not be read"
		case trail.Within(covered.Path, c.Path) && shadowed(s.upper(c.Store), covered.Path[len(c.Path):]):
			return "holds " + covered.Path + ", which a command has replaced"
		}
	}
	for _, shown := range h.Shown {
		if trail.Within(shown.Path, c.Path) || trail.Within(c.Path, shown.Path) {
			return "is shown in part"
		}
	}
	return ""
}

// mountsBelow reports whether a file system stands in a folder: an overlay would hide it.
// An unreadable table of mounts counts as one that has such a file system.
func (s *cacheSurvey) mountsBelow(dir string) bool {
	if s.points == nil {
		s.points = []string{dir + "/unknown"}
		text, _ := mountTable()
		if mounts, err := mountinfo.Parse(text); err == nil && len(mounts) > 0 {
			s.points = s.points[:0]
			for _, m := range mounts {
				s.points = append(s.points, m.Point)
			}
		}
	}
	return slices.ContainsFunc(s.points, func(p string) bool { return p != dir && trail.Within(p, dir) })
}
