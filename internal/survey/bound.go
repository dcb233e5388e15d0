package survey

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/trail"
)

// mostPins bounds the pinned names of a start: each costs some mounts. A repository counts
// once.
const mostPins = 4096

// mostPath is the longest path that the kernel takes, in bytes, without the end (PATH_MAX).
const mostPath = 4095

// bound keeps the names within mostPins. Where there are more, a folder that holds many new
// names becomes read-only as a whole: a command that makes names by the thousand shuts
// itself out, and what was guarded before stays guarded.
func (p *pins) bound() {
	for n := p.count(); n > mostPins; n = p.count() {
		dir, held := p.fullest()
		if held < 2 {
			p.forget(n - mostPins)
			return
		}
		p.shut(dir, fmt.Sprintf("%d names in it that programs of the host trust are too many to be guarded one by one", held))
	}
}

// count counts the pins, each repository once.
func (p *pins) count() int {
	repositories := map[string]bool{}
	for _, a := range p.t.Absent {
		repositories[a.Dir] = true
	}
	n := len(repositories)
	for _, there := range p.t.There {
		if !repositories[filepath.Dir(there)] {
			n++
		}
	}
	return n
}

// fullest returns the folder below a root that holds the most new names, the deepest of
// several.
func (p *pins) fullest() (dir string, held int) {
	count := map[string]int{}
	for _, there := range p.t.There {
		if p.wasGuarded(there) {
			continue
		}
		for at := filepath.Dir(there); p.below(at); at = filepath.Dir(at) {
			count[at]++
		}
	}
	for at, n := range count {
		if n > held || n == held && (len(at) > len(dir) || len(at) == len(dir) && at < dir) {
			dir, held = at, n
		}
	}
	return dir, held
}

// below reports whether a folder lies below a root, and holds no root.
func (p *pins) below(dir string) bool {
	return !p.holdsRoot(dir) && slices.ContainsFunc(p.roots, func(root string) bool { return trail.Within(dir, root) })
}

// wasGuarded reports whether the start before has guarded a name.
func (p *pins) wasGuarded(name string) bool {
	for _, seen := range p.t.trees {
		rel, ok := strings.CutPrefix(filepath.Dir(name), seen.root)
		if !ok || seen.before == nil {
			continue
		}
		f := seen.before.folders[strings.TrimPrefix(rel, "/")]
		if f != nil && slices.ContainsFunc(f.finds, func(x find) bool { return x.kind != kindHandOff && x.name == filepath.Base(name) }) {
			return true
		}
	}
	return false
}

// shut makes a folder read-only in place of all names in it.
func (p *pins) shut(dir, why string) {
	p.t.There = slices.DeleteFunc(p.t.There, func(name string) bool { return trail.Within(name, dir) })
	p.t.Absent = slices.DeleteFunc(p.t.Absent, func(a host.Absent) bool { return trail.Within(a.Dir, dir) })
	p.t.There = append(p.t.There, dir)
	p.t.Closed = append(p.t.Closed, Closed{dir, why})
}

// forget leaves out new names that no folder holds together: they are told as unseen.
func (p *pins) forget(n int) {
	p.t.There = slices.DeleteFunc(p.t.There, func(name string) bool {
		if n == 0 || p.wasGuarded(name) {
			return false
		}
		n--
		p.t.Unseen++
		return true
	})
}
