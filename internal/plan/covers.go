package plan

import (
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// covers adds the mounts that hide files, and the mounts that show parts of hidden
// folders again. Covers within a mounted root come after the root: covers returns them.
func (v *view) covers(h host.Hidden, p policy.Policy) (inner []Mount) {
	var roots []string
	for _, r := range p.Roots() {
		roots = append(roots, r.Path)
	}
	if at := covering(p.Workspace, v.mounts); !v.writes && at != "" && at != p.Workspace {
		roots = append(roots, p.Workspace) // mounted on a replaced folder
	}
	inRoot := func(path string) bool {
		return slices.ContainsFunc(roots, func(root string) bool { return within(path, root) })
	}
	add := func(m Mount) {
		m.Hides = true
		switch {
		case inRoot(m.Path):
			inner = append(inner, m)
		case !replaces(v.mounts, m.Path) || m.Kind == KindBind:
			v.add(m)
		}
	}
	for _, c := range outermostFirst(h) {
		switch {
		case !c.shown && c.Dir:
			add(Mount{Path: c.Path, Kind: KindTmpfs})
		case !c.shown:
			add(Mount{Path: c.Path, Kind: KindCover})
		case !slices.Contains(roots, c.Path):
			dirs := dirsBetween(covering(c.Path, slices.Concat(v.mounts, inner)), c.Path)
			if !c.Dir {
				dirs = dirs[:max(len(dirs)-1, 0)]
			}
			add(Mount{Path: c.Path, Kind: KindBind, Source: c.Path, File: !c.Dir, MakeDirs: dirs})
		}
	}
	return inner
}

// coverOrShow is a path with a cover, or a path that is shown again.
type coverOrShow struct {
	host.Covered
	shown bool
}

// outermostFirst sorts the covered and the shown paths: each path comes after the paths
// around it. A cover may hold a shown path, and a shown path may hold a cover again.
func outermostFirst(h host.Hidden) []coverOrShow {
	all := make([]coverOrShow, 0, len(h.Covered)+len(h.Shown))
	for _, c := range h.Covered {
		all = append(all, coverOrShow{c, false})
	}
	for _, c := range h.Shown {
		all = append(all, coverOrShow{c, true})
	}
	slices.SortStableFunc(all, func(a, b coverOrShow) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// replaces reports whether a view shows something else at a path than the host.
func replaces(mounts []Mount, path string) bool {
	at := covering(path, mounts)
	return slices.ContainsFunc(mounts, func(m Mount) bool {
		return m.Path == at && m.Kind != KindSelf && m.Kind != KindCache && (m.Kind != KindBind || m.Source != m.Path)
	})
}
