package gitdir

import (
	"strings"

	"github.com/lockstile/lockstile/internal/trustname"
)

const lockSuffix = ".lock"

// mostLocks is how often ".lock" may follow a name: "git commit -p" locks index.lock.
const mostLocks = 2

// area is the innermost git directory around a path: the repository's, a worktree's or a
// module's.
type area struct {
	kind  areaKind
	dir   string // "", or a path like "modules/a"
	fresh bool   // made during the start
}

type areaKind uint8

const (
	mainDir     areaKind = iota
	commonDir            // of a workspace that is a linked worktree
	worktreeDir          // worktrees/N
	olderDir             // an older worktrees/N
	moduleDir            // modules/NAME
)

// Place returns a command's rights at a path relative to the git directory.
func (r *Rules) Place(path string) Place {
	_, p := r.find(path)
	return p
}

func (r *Rules) find(path string) (area, Place) {
	unlocked := path
	for range mostLocks {
		unlocked = strings.TrimSuffix(unlocked, lockSuffix)
	}
	a, p := r.findUnlocked(unlocked)
	if unlocked != path {
		return a, lockOf(p)
	}
	p.Lock = false
	return a, p
}

// lockOf returns the place of a lock. A lock has any content, as only the rename to the
// locked name has an effect.
func lockOf(p Place) Place {
	if !p.Lock && (!p.File || p.Class == ReadOnly || p.Class == Object) {
		return Place{}
	}
	return Place{Class: Free, File: true, Remove: true, Lock: true}
}

func (r *Rules) findUnlocked(path string) (area, Place) {
	if !isPath(path) || strings.HasSuffix(path, lockSuffix) {
		return area{}, Place{}
	}
	a, rest, p := r.split(path)
	if rest == "" {
		return a, p
	}
	p = a.place(rest)
	if a.kind == moduleDir && p.Class != ReadOnly && misleads(rest, p.Class) {
		return a, Place{}
	}
	if a.fresh && p.Class != ReadOnly {
		p.Remove, p.Fresh = true, true // nothing older is lost
	}
	return a, p
}

// isPath reports whether each component of a path has a name.
func isPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return strings.IndexByte(path, 0) < 0
}

// split returns the innermost git directory of a path, and the rest of the path. Without a
// rest, the path is a git directory, or a folder on the way.
func (r *Rules) split(path string) (area, string, Place) {
	a := area{fresh: r.fresh}
	if r.facts.Own != "" {
		a.kind = commonDir
	}
	for rest := path; ; {
		first, tail, _ := strings.Cut(rest, "/")
		var p Place
		switch {
		case first == "worktrees" && a.kind != worktreeDir && a.kind != olderDir:
			a, rest, p = r.worktree(a, tail)
		case first == "modules" && a.kind != commonDir && a.kind != olderDir:
			a, rest, p = r.module(a, tail)
		default:
			return a, rest, Place{}
		}
		if rest == "" {
			return a, rest, p
		}
	}
}

// worktree splits what follows "worktrees/". An older worktree is read-only but for the
// log of HEAD, unless the workspace is the worktree.
func (r *Rules) worktree(outer area, tail string) (area, string, Place) {
	onTheWay := Place{Class: Free, Folder: true, Remove: true}
	if outer.kind == commonDir {
		onTheWay = Place{}
	}
	name, rest, _ := strings.Cut(tail, "/")
	if name == "" {
		return outer, "", onTheWay
	}
	a := area{kind: worktreeDir, dir: join(outer.dir, "worktrees/"+name), fresh: true}
	switch {
	case a.dir == r.facts.Own:
		a.fresh = false
		if rest == "" {
			return a, "", Place{Class: Free, Folder: true}
		}
	case r.older[a.dir] && outer.kind != commonDir:
		a.kind, a.fresh = olderDir, false
		return a, rest, Place{}
	case r.older[a.dir], outer.kind == commonDir, !isName(name):
		return a, "", Place{}
	}
	return a, rest, onTheWay
}

// module splits what follows "modules/". A module's name may have slashes. The facts have
// the names of older modules. The name of a new module ends before the first component
// from the top of a git directory.
func (r *Rules) module(outer area, tail string) (area, string, Place) {
	prefix := join(outer.dir, "modules/")
	known, end := 0, 0
	for i := 0; i <= len(tail); i++ {
		if i < len(tail) && tail[i] != '/' {
			continue
		}
		if i > 0 && r.older[prefix+tail[:i]] {
			known = i
		}
	}
	if known > 0 {
		a := area{kind: moduleDir, dir: prefix + tail[:known], fresh: r.fresh}
		return a, strings.TrimPrefix(tail[known:], "/"), Place{}
	}
	for part := range strings.SplitSeq(tail, "/") {
		if end > 0 && isTop(part) {
			a := area{kind: moduleDir, dir: prefix + tail[:end-1], fresh: true}
			if r.above[a.dir] {
				return a, "", Place{} // an older module lies below
			}
			return a, tail[end:], Place{}
		}
		if part != "" && !isName(part) {
			return outer, "", Place{}
		}
		end += len(part) + 1
	}
	return outer, "", Place{Class: Free, Folder: true, Remove: !r.above[prefix+tail] && tail != ""}
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// misleads reports whether git would obey a path in a module, if a folder in the module
// were a git directory: git takes modules/a/logs/b for a module named a/logs/b.
func misleads(rest string, c Class) bool {
	if c != Free && c != Log && c != Ref || !strings.Contains(rest, "/") {
		return false
	}
	_, below, _ := strings.Cut(rest, "/")
	for part := range strings.SplitSeq(below, "/") {
		switch trustname.Fold(part) {
		case "hooks", "config", "config.worktree", "commondir":
			return true
		}
	}
	return false
}

// isTop reports whether a name stands at the top of a git directory.
func isTop(name string) bool {
	switch name {
	case "HEAD", "hooks", "info", "objects", "refs", "logs", "branches", "description", "modules", "worktrees",
		"commondir", "gitdir", "locked", "config", "config.worktree", "sequencer", "lfs", "rr-cache", "remotes", "reftable":
		return true
	}
	for _, prefix := range []string{"index", "packed-refs", "rebase-", "shallow", "sharedindex", "gc.", "next-index-", "fsmonitor"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return isPseudo(name) || isTemporary(name)
}
