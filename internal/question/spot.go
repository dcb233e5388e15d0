package question

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/trail"
)

// spot is the end of a path in the view.
type spot struct {
	path  string     // in the view, without links
	mount plan.Mount // the mount that has the content; the zero value for the host's files
	on    string     // where the host has the content, "" for nowhere
	there bool
}

// hidden reports whether a cover stands over the path.
func (s spot) hidden() bool {
	return s.mount.Hides && (s.mount.Kind == plan.KindTmpfs || s.mount.Kind == plan.KindCover)
}

// own reports whether the command has a folder of its own in place of the host's.
func (s spot) own() bool {
	switch s.mount.Kind {
	case plan.KindProc, plan.KindDevices, plan.KindDevpts, plan.KindTmpfs:
		return true
	case plan.KindBind:
		return s.mount.Source != s.mount.Path
	}
	return false
}

// mostLinks is the most links that the kernel follows.
const mostLinks = 40

// follow walks a path as the kernel does in the view: a link counts where the view has
// one, and leads to a place of the view.
func (w World) follow(target string) (spot, error) {
	at, rest := w.spotOf("/"), parts(target)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." {
			at = w.spotOf(path.Dir(at.path))
			continue
		}
		next := w.spotOf(path.Join(at.path, name))
		to, err := "", error(os.ErrNotExist)
		if next.on != "" {
			to, err = os.Readlink(next.on)
		}
		if err != nil {
			at = next
			continue
		}
		if links++; links > mostLinks {
			return at, fmt.Errorf("more than %d links are on the way of %s", mostLinks, target)
		}
		if path.IsAbs(to) {
			at = w.spotOf("/")
		}
		rest = append(parts(to), rest...)
	}
	return at, nil
}

func parts(name string) (out []string) {
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			out = append(out, part)
		}
	}
	return out
}

// spotOf returns the spot of a path without links.
func (w World) spotOf(name string) spot {
	s := spot{path: name, on: name}
	for _, m := range w.Plan.View {
		if m.Kind != plan.KindSelf && trail.Within(name, m.Path) && len(m.Path) >= len(s.mount.Path) {
			s.mount = m
		}
	}
	switch s.mount.Kind {
	case plan.KindBind:
		s.on = s.mount.Source + strings.TrimPrefix(name, s.mount.Path)
	case plan.KindTmpfs, plan.KindCover, plan.KindNames, plan.KindDevices, plan.KindDevpts:
		s.on = ""
	case plan.KindProc:
		if own := strings.HasPrefix(name, "/proc/self") || strings.HasPrefix(name, "/proc/thread-self"); own || other(name) {
			s.on = "" // the links of another process lead elsewhere
		}
	}
	if s.on != "" {
		_, err := os.Lstat(s.on)
		s.there = err == nil
	}
	if name == s.mount.Path {
		s.there = true
	}
	for _, m := range w.Plan.View { // folders that lead to a mount
		s.there = s.there || trail.Within(m.Path, name)
	}
	return s
}
