package plan

import (
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// cover adds the covers of hidden paths, and the mounts that show parts of them again.
// cover returns the mounts within writable roots: those come after the mounts of the
// roots.
func (out *Plan) cover(h host.Hidden, p policy.Policy) (inner []Mount) {
	var roots []string
	for _, r := range p.Roots() {
		roots = append(roots, r.Path)
	}
	inRoot := func(path string) bool {
		return slices.ContainsFunc(roots, func(root string) bool { return within(path, root) })
	}
	add := func(m Mount) {
		m.Hides = true
		switch {
		case inRoot(m.Path):
			inner = append(inner, m)
		case !out.replaces(m.Path) || m.Kind == KindBind:
			out.View = append(out.View, m)
		}
	}
	for _, c := range outermostFirst(h) {
		switch {
		case !c.shown && c.Dir:
			add(Mount{Path: c.Path, Kind: KindTmpfs})
		case !c.shown:
			add(Mount{Path: c.Path, Kind: KindCover})
		case !slices.Contains(roots, c.Path):
			dirs := dirsBetween(covering(c.Path, slices.Concat(out.View, inner)), c.Path)
			if !c.Dir {
				dirs = dirs[:max(len(dirs)-1, 0)]
			}
			add(Mount{Path: c.Path, Kind: KindBind, Source: c.Path, File: !c.Dir, MakeDirs: dirs})
		}
	}
	return inner
}

// standing is a path that is covered, or shown again.
type standing struct {
	host.Covered
	shown bool
}

// outermostFirst orders covers and shown paths from the outside to the inside: a cover
// may hold a shown path, and a shown path may hold another cover.
func outermostFirst(h host.Hidden) []standing {
	all := make([]standing, 0, len(h.Covered)+len(h.Shown))
	for _, c := range h.Covered {
		all = append(all, standing{c, false})
	}
	for _, c := range h.Shown {
		all = append(all, standing{c, true})
	}
	slices.SortStableFunc(all, func(a, b standing) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// replaces reports whether the view shows a path other than the host's.
func (out *Plan) replaces(path string) bool {
	at := covering(path, out.View)
	return slices.ContainsFunc(out.View, func(m Mount) bool {
		return m.Path == at && m.Kind != KindSelf && (m.Kind != KindBind || m.Source != m.Path)
	})
}
