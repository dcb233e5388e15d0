package survey

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/trail"
)

// mostPins bounds the pinned names of a start: each costs some mounts. A repository counts
// once.
const mostPins = 4096

// mostPath is the longest path that the kernel takes, in bytes, without the end (PATH_MAX).
const mostPath = 4095

// mostFIFOs bounds the covered FIFOs of a start: each costs a mount.
const mostFIFOs = 512

// boundFIFOs keeps the oldest FIFOs.
func (t *Trusted) boundFIFOs() {
	if len(t.FIFOs) <= mostFIFOs {
		return
	}
	births := map[string]int64{}
	for _, f := range t.FIFOs {
		births[f] = birth(f)
	}
	slices.SortStableFunc(t.FIFOs, func(a, b string) int { return cmp.Compare(births[a], births[b]) })
	t.Unseen += len(t.FIFOs) - mostFIFOs
	t.FIFOs = t.FIFOs[:mostFIFOs]
}

// mostShut is how many folders become read-only because they hold too many names.
const mostShut = 64

// bound keeps the names within mostPins: the oldest stay. Where there are more, a folder that
// holds many of the others becomes read-only as a whole: a command that makes names by the
// thousand shuts itself out, and what was guarded before stays guarded. Names that no folder
// holds together are left out, and told as unseen.
func (p *pins) bound() {
	over := p.over()
	for range mostShut {
		dir, held := p.fullest(over)
		if held < 2 {
			break
		}
		p.shut(dir, fmt.Sprintf("%d names in it that programs of the host trust are too many to be guarded one by one", held))
		over = p.over()
	}
	p.forget(over)
}

// unit returns what counts as one pin: the folder of a repository, or the name.
func (p *pins) unit(name string) string {
	if _, ok := p.absent[filepath.Dir(name)]; ok {
		return filepath.Dir(name)
	}
	return name
}

// over returns the youngest pins, past mostPins.
func (p *pins) over() map[string]bool {
	age := map[string]int{}
	var units []string
	add := func(unit string, rank int) {
		was, known := age[unit]
		if !known {
			units = append(units, unit)
		}
		if !known || rank < was {
			age[unit] = rank
		}
	}
	for _, a := range p.t.Absent {
		add(a.Dir, p.ages[a.Dir])
	}
	for _, there := range p.t.There {
		add(p.unit(there), p.ages[there])
	}
	if len(units) <= mostPins {
		return nil
	}
	slices.SortStableFunc(units, func(a, b string) int { return age[a] - age[b] })
	over := map[string]bool{}
	for _, unit := range units[mostPins:] {
		over[unit] = true
	}
	return over
}

// fullest returns the folder below a root that holds the most of some pins, the deepest of
// several.
func (p *pins) fullest(over map[string]bool) (dir string, held int) {
	count := map[string]int{}
	for unit := range over {
		at := unit
		if _, ok := p.absent[unit]; !ok {
			at = filepath.Dir(unit)
		}
		for ; p.below(at); at = filepath.Dir(at) {
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

// shut makes a folder read-only in place of all names in it, apart from those in a root in
// the folder.
func (p *pins) shut(dir, why string) {
	covers := func(name string) bool {
		return trail.Within(name, dir) && !slices.ContainsFunc(p.roots, func(root string) bool { return trail.Within(root, dir) && trail.Within(name, root) })
	}
	p.t.There = slices.DeleteFunc(p.t.There, covers)
	p.dropAbsent(covers)
	p.there[dir] = true
	p.ages[dir] = 0
	p.t.There = append(p.t.There, dir)
	p.t.Closed = append(p.t.Closed, Closed{dir, why})
}

// dropAbsent lets names appear in some folders.
func (p *pins) dropAbsent(covers func(dir string) bool) {
	p.t.Absent = slices.DeleteFunc(p.t.Absent, func(a host.Absent) bool { return covers(a.Dir) })
	clear(p.absent)
	for i, a := range p.t.Absent {
		p.absent[a.Dir] = i
	}
}

// forget leaves pins out.
func (p *pins) forget(over map[string]bool) {
	if len(over) == 0 {
		return
	}
	p.t.Unseen += len(over)
	p.t.There = slices.DeleteFunc(p.t.There, func(name string) bool { return over[p.unit(name)] })
	p.dropAbsent(func(dir string) bool { return over[dir] })
}
