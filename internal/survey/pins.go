package survey

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// lead is a path to which a trusted name leads.
type lead struct {
	from   string   // the file that leads there; "" for a trusted name by itself
	to     string   // absolute, as written
	way    bool     // only the links on the way count
	file   bool     // only a file counts, as for a word of a command
	deep   int      // how many levels of entries of a folder at the end are trusted too
	inRoot []string // the names that are trusted if the end is a whole writable root
	apart  bool     // a folder at the end stays writable, apart from the names of inRoot
	next   bool     // the end decides about the next start: it can't be a whole root
}

// key tells leads apart that ask for different things.
func (l lead) key() string {
	kind := byte(0)
	for i, set := range []bool{l.way, l.file, l.apart, l.next, len(l.inRoot) > 0} {
		if set {
			kind |= 1 << i
		}
	}
	return string([]byte{kind, byte(l.deep)}) + l.to
}

// pins collects the names in writable roots that must stay as they are: the trusted names
// with all that leads there, and the names that must not appear.
type pins struct {
	t        *Trusted
	roots    []string
	shown    elsewhere
	there    map[string]bool // t.There, as a set
	absent   map[string]int  // the places in t.Absent, by folder
	followed map[string]bool // the leads so far, by key
	listed   map[string]int  // how many levels of entries were looked at, by folder
	seen     map[string]bool // the git directories so far, by path and working tree
	git      gitFiles
	here     string // the current folder, from which relative paths of the environment go
	from     string // the file that leads to what is followed
	nested   string // the top of the repository at hand, if a command may have made it
	begun    effort // before the repository at hand
	deciding bool   // what is followed decides about the next start
	missed   int    // how many absent names were guarded because something leads there

	// ages are the ranks of the folders and names, the lower the older: 0 for what no command
	// can have made. age is the rank of what is at hand.
	ages map[string]int
	age  int
}

// mostEntries is how many entries of one guarded folder are looked at.
const mostEntries = 4096

func newPins(t *Trusted, p policy.Policy) *pins {
	out := &pins{t: t, shown: elsewhere{seen: map[string]fs.FileInfo{}}, there: map[string]bool{}, absent: map[string]int{}, followed: map[string]bool{}, listed: map[string]int{}, seen: map[string]bool{}, ages: map[string]int{}}
	out.here, _ = os.Getwd()
	for _, r := range p.Roots() {
		out.roots = append(out.roots, r.Path)
		if info, err := os.Stat(r.Path); err == nil {
			out.shown.roots = append(out.shown.roots, r.Path)
			out.shown.infos = append(out.shown.infos, info)
		}
	}
	return out
}

// add adds an existing name of a writable root.
func (p *pins) add(name string) {
	p.grown(name)
	if !p.there[name] {
		p.there[name] = true
		p.t.There = append(p.t.There, name)
	}
}

// decides notes a name of a root that decides about the next start, in a pinned folder too:
// not every machine can pin.
func (p *pins) decides(name string) {
	if p.deciding && slices.ContainsFunc(p.roots, func(root string) bool { return name != root && trail.Within(name, root) }) {
		p.t.Deciding = append(p.t.Deciding, name)
	}
}

// grown notes the age of a name, or of a folder with absent names.
func (p *pins) grown(name string) {
	if was, ok := p.ages[name]; !ok || p.age < was {
		p.ages[name] = p.age
	}
}

// miss adds a name of a writable root that must not appear.
func (p *pins) miss(dir string, names ...string) error {
	p.grown(dir)
	if i, ok := p.absent[dir]; ok {
		for _, name := range names {
			if a := &p.t.Absent[i]; !slices.Contains(a.Names, name) {
				a.Names = append(a.Names, name)
			}
		}
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return unreadable(dir, err)
	}
	p.absent[dir] = len(p.t.Absent)
	p.t.Absent = append(p.t.Absent, host.Absent{Dir: dir, ID: trail.IDOf(info), Mode: uint32(info.Mode().Perm()), Names: names, Bare: p.bareName(dir)})
	return nil
}

// bareName returns the first absent part of a repository in a root, "" for a bare
// repository.
func (p *pins) bareName(dir string) string {
	if !slices.Contains(p.roots, dir) {
		return ""
	}
	i := slices.IndexFunc(host.BareParts, func(name string) bool { return !exists(filepath.Join(dir, name)) })
	if i < 0 {
		return ""
	}
	return host.BareParts[i]
}

// follow pins the end of a lead, and each link on the way.
func (p *pins) follow(l lead) error {
	key := l.key()
	if p.followed[key] {
		return nil
	}
	if l.file && !exists(l.to) {
		p.mention(filepath.Clean(l.to))
		return nil
	}
	p.followed[key] = true
	if l.from != "" {
		before := p.from
		p.from = l.from
		defer func() { p.from = before }()
	}
	way, err := trail.Walk(l.to)
	if l.file && (err != nil || way.Missing != "" || way.Folder) {
		if way.Missing != "" {
			p.mention(way.End)
		}
		return nil
	}
	for _, link := range way.Links {
		if err := p.pin(link.Path, link.ID, nil); err != nil {
			return err
		}
	}
	switch {
	case l.way:
		return nil
	case way.Missing != "":
		return p.guardMissing(way.Missing)
	case way.End == "":
		return nil // the way has no end, and its links are pinned
	}
	if l.next && slices.Contains(p.roots, way.End) {
		return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(way.End),
			Reason: fmt.Sprintf("%s, which decides about the next start, leads to %s, a whole writable root", l.to, way.End),
			Hint:   "start in another folder, or mend where it leads"}
	}
	if l.apart && way.Folder {
		if p.writable(way.End) || slices.Contains(p.roots, way.End) {
			return p.pinInRoot(way.End, l.inRoot)
		}
		return nil
	}
	if err := p.pin(way.End, way.ID, l.inRoot); err != nil {
		return err
	}
	if l.deep > 0 && way.Folder {
		return p.entries(way.End, l.deep)
	}
	return nil
}

// mostMentioned bounds the absent files that are told when they come.
const mostMentioned = 20_000

// mention notes an absent file that is called by name.
func (p *pins) mention(path string) {
	if len(p.t.mentioned) < mostMentioned && p.writable(path) {
		p.t.mentioned = append(p.t.mentioned, path)
	}
}

// holdsRoot reports whether a folder is a writable root, or holds one.
func (p *pins) holdsRoot(dir string) bool {
	return slices.ContainsFunc(p.roots, func(root string) bool { return trail.Within(root, dir) })
}

// pin pins an existing name, where the name lies in a root. inRoot are the names of a
// whole root that are trusted.
func (p *pins) pin(name string, id trail.ID, inRoot []string) error {
	for _, at := range append(p.shown.in(name), name) {
		p.decides(at)
		switch {
		case slices.Contains(p.roots, at):
			if err := p.pinInRoot(at, inRoot); err != nil {
				return err
			}
		case !p.writable(at):
		case p.t.others[at]:
			if err := p.guardMissing(at); err != nil {
				return err
			}
		default:
			p.add(at)
			p.t.ids[at] = id
			if p.from != "" && at != p.from {
				p.t.Leads[at] = p.from
			}
		}
	}
	return nil
}

// writable reports whether a command could change a name: the name lies below a root and
// in no pinned folder.
func (p *pins) writable(name string) bool {
	if !slices.ContainsFunc(p.roots, func(root string) bool { return name != root && trail.Within(name, root) }) {
		return false
	}
	for at := name; ; at = filepath.Dir(at) {
		if p.there[at] {
			return false
		}
		if slices.Contains(p.roots, at) {
			return true
		}
	}
}

// pinInRoot pins names of a whole root, which must stay writable.
func (p *pins) pinInRoot(root string, names []string) error {
	for _, name := range names {
		full := filepath.Join(root, name)
		if exists(full) && !p.t.others[full] {
			p.add(full)
		} else if err := p.miss(root, name); err != nil {
			return err
		}
	}
	return nil
}

// guardMissing keeps an absent name from appearing: the uppermost absent name of a path.
func (p *pins) guardMissing(name string) error {
	for _, at := range append(p.shown.in(name), name) {
		p.decides(at)
		if p.writable(at) {
			p.missed++
			if err := p.miss(filepath.Dir(at), filepath.Base(at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// entriesDeep is how many levels of most guarded folders are looked at.
const entriesDeep = 3

// entries follows the links in some levels of a guarded folder, unless they were followed
// before. A folder that holds a root has the commands' own entries.
func (p *pins) entries(dir string, deep int) error {
	if p.listed[dir] >= deep || p.holdsRoot(dir) {
		return nil
	}
	left := mostEntries
	err := p.entriesIn(dir, deep, &left)
	if err == nil && left > 0 && !p.spent() {
		p.listed[dir] = deep
	}
	return err
}

// entriesIn is entries for at most left entries.
func (p *pins) entriesIn(dir string, deep int, left *int) error {
	entries, err := list(dir)
	if err != nil {
		return nil // what the user can't read, the user's programs don't obey
	}
	git := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "objects" })
	for _, e := range entries {
		if *left == 0 || p.spent() {
			p.t.Unseen++
			return nil
		}
		*left--
		full := filepath.Join(dir, e.Name())
		switch {
		case e.Type()&os.ModeSymlink != 0:
			l := lead{to: full}
			if deep > 1 {
				l.deep = entriesDeep
			}
			if err := p.follow(l); err != nil {
				return err
			}
		case e.IsDir() && deep > 1 && !(git && slices.Contains(contentNames, e.Name())):
			if err := p.entriesIn(full, deep-1, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// contentNames are the folders of a git directory with content alone: git obeys nothing
// there.
var contentNames = []string{"objects", "refs", "logs"}
