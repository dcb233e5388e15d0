package survey

// A repository below a root may be a command's own, and lead to as much as it likes. What
// one such repository leads to is followed within bounds, and all of them together: past a
// bound the repository becomes read-only. The repository of a root has no bound, because no
// command can change what it leads to.

// effort is what following costs.
type effort struct {
	paths  int // followed
	bytes  int // of configurations
	missed int // names that must not appear
}

var (
	mostOfOne = effort{5_000, 4 << 20, 500}
	mostOfAll = effort{100_000, 64 << 20, 4096}
)

// effort returns what was spent so far.
func (p *pins) effort() effort { return effort{len(p.followed), p.git.loader.Size(), p.missed} }

// below reports whether each part is at most that of another effort.
func (e effort) below(most effort) bool {
	return e.paths <= most.paths && e.bytes <= most.bytes && e.missed <= most.missed
}

// spent closes the repository at hand if it has cost too much.
func (p *pins) spent() bool {
	if p.nested == "" {
		return false
	}
	now := p.effort()
	if now.below(mostOfAll) && (effort{now.paths - p.begun.paths, now.bytes - p.begun.bytes, now.missed - p.begun.missed}).below(mostOfOne) {
		return false
	}
	p.closeNested("what its configuration and its folders lead to is too much to follow")
	return true
}

// closeNested makes the repository at hand read-only.
func (p *pins) closeNested(why string) {
	if p.writable(p.nested) {
		p.shut(p.nested, why)
	}
}
