// Package survey looks over the folders of a policy before a start: which names in the
// folders are trusted by programs of the host, what leads there and on from there, and which
// paths may not be read. After the command it finds what is new or changed. The package
// writes the result to the product's own folder. The package must never change a folder of
// the policy, run or obey what it reads, follow a link without pinning the link, or leave out
// a folder silently.
package survey

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
)

// Trusted is the set of trusted names in the writable roots before a start.
type Trusted struct {
	There    []string          // becomes read-only
	Absent   []host.Absent     // taken back if present at the end
	FIFOs    []string          // the host may hold the other end
	Linked   []string          // trusted files with a second name, by which a command could write the file
	Leads    map[string]string // for names of There that are trusted because of another file: the file
	Deciding []string          // names of a root that decide about the next start, by any of its paths
	Closed   []Closed          // folders of the roots that commands may not write, because nobody knows what git obeys there, or where a configured root leads
	Unseen   int               // folders that were not read, at least

	ids       map[string]trail.ID    // of the followed links and their ends, as FindTrusted found them
	files     map[string]string      // of the pinned names, "DEVICE:INODE" as measured before the command
	named     func() map[string]bool // the paths that guarded files mention, read at the first call
	mentioned []string               // absent files that git's configuration or the environment calls by name
	store     string
	given     []string // protected names that the user has given up
	trees     []*tree
	init      string            // the .git that commands may make, "" for none
	making    time.Time         // when the .git was seen first that is no repository yet
	served    string            // the git directory that is served, "" for none
	modules   map[string]string // each .gitmodules that commands may write, with the content of before
	// others are names that a concurrent start will rename away. Treat them as absent: a
	// mount on such a name would vanish with it.
	others map[string]bool
}

// Closed is a folder that commands may not write, with the reason.
type Closed struct{ Path, Why string }

// FindTrusted finds the trusted names of a policy's writable roots. store is the folder
// that keeps the walks for the next start. notes is the folder where starts note the
// names to take back; "" for none. own are the paths by which the next start finds the
// policy.
func FindTrusted(p policy.Policy, store, notes string, own []string) (*Trusted, error) {
	t := &Trusted{store: store, given: p.TrustWritable, ids: map[string]trail.ID{}, Leads: map[string]string{}}
	t.named = sync.OnceValue(t.readNamed)
	if p.Mode == policy.ModeWorkspaceWrite {
		for _, l := range p.LeftOut {
			t.Closed = append(t.Closed, Closed{l.Path, l.Why + "; " + l.Mend})
		}
	}
	for _, root := range p.Roots() {
		if root.Make && !exists(root.Path) {
			continue // who only explains makes nothing
		}
		seen, err := walk(root.Path, t.given, recallIn(store, root.Path, t.given))
		if err != nil {
			return nil, unreadable(root.Path, err)
		}
		t.trees = append(t.trees, seen)
		t.Unseen += seen.unseen
	}
	t.others = takeback.Noted(notes) // after the walk: a start notes a name before making it
	if len(t.trees) > 0 {
		if err := t.pinAll(newPins(t, p), own); err != nil {
			return nil, err
		}
	}
	t.boundFIFOs()
	slices.Sort(t.There)
	for _, there := range t.There {
		t.Linked = append(t.Linked, linked(there)...)
	}
	return t, nil
}

// ID returns the numbers of a followed link or of its end, as FindTrusted found the file.
func (t *Trusted) ID(name string) (id string, ok bool) {
	found, ok := t.ids[name]
	return found.String(), ok && found != (trail.ID{})
}

// pinAll pins the trusted names of all roots, and then all that leads to the names, or that
// the names lead to. own are the paths by which the next start finds the policy.
func (t *Trusted) pinAll(p *pins, own []string) error {
	var err error
	if p.shown.aliases, err = rootAliases(p.roots); err != nil {
		return err
	}
	for _, seen := range t.trees {
		if err := p.take(seen); err != nil {
			return err
		}
	}
	p.deciding = true
	for _, path := range append(ownPrograms(), own...) {
		if err := p.follow(lead{from: "lockstile itself", to: path, next: true}); err != nil {
			return err
		}
	}
	if err := p.ownConfiguration(own); err != nil {
		return err
	}
	p.deciding = false
	if err := p.commonConfiguration(); err != nil {
		return err
	}
	if err := p.lookInto(); err != nil {
		return err
	}
	if err := p.above(); err != nil {
		return err
	}
	if err := p.environment(os.Environ()); err != nil {
		return err
	}
	if err := p.home(); err != nil {
		return err
	}
	p.bound()
	return nil
}

// take adds the finds of one root.
func (p *pins) take(seen *tree) error {
	if top := seen.folders[""]; slices.ContainsFunc(top.finds, func(f find) bool { return f.kind == kindBare }) {
		if err := p.pinInRoot(seen.root, bareNames); err != nil {
			return err
		}
	}
	defer func() { p.age = 0 }()
	for age, rel := range seen.order {
		p.age = age
		for _, x := range seen.folders[rel].finds {
			p.takeFind(seen, rel, x)
		}
	}
	for age, rel := range seen.order {
		f := seen.folders[rel]
		if rel != "" && !f.repository() {
			continue
		}
		dir := filepath.Join(seen.root, rel)
		if rel != "" && (slices.Contains(p.roots, dir) || p.there[dir]) {
			continue // a root of its own, or nothing can be made there
		}
		p.age = age
		if err := p.missing(dir, f, rel == ""); err != nil {
			return err
		}
	}
	return nil
}

// takeFind adds one find of a folder. A root must stay writable.
func (p *pins) takeFind(seen *tree, rel string, x find) {
	switch x.kind {
	case kindFIFO:
		p.t.FIFOs = append(p.t.FIFOs, filepath.Join(seen.root, rel, x.name))
	case kindTrusted, kindBare, kindClosed:
		full := filepath.Join(seen.root, rel, x.name)
		if len(full) > mostPath {
			p.t.Unseen++ // no path leads there, for nobody
		} else if (rel != "" || x.kind == kindTrusted) && !p.t.others[full] && !slices.Contains(p.roots, full) {
			p.add(full)
		}
	}
}

// missing adds the names that are absent in a folder.
func (p *pins) missing(dir string, f *folder, root bool) error {
	var names []string
	for _, n := range literals(root, p.t.given) {
		if !f.has(n) || p.t.others[filepath.Join(dir, n)] {
			names = append(names, n)
		}
	}
	if root && !exists(filepath.Join(dir, "commondir")) {
		names = append(names, "commondir") // with HEAD, enough for a repository
	}
	return p.miss(dir, names...)
}

// lookInto follows the trusted names of the roots: the links, the entries of the folders,
// and all that the repositories lead to.
func (p *pins) lookInto() error {
	var names []string
	repositories := map[string]bool{} // whether a name is a bare repository
	defer func() { p.nested, p.age = "", 0 }()
	for _, seen := range p.t.trees {
		seen.each(kindTrusted, func(_, full string) { names = append(names, full) })
		seen.each(kindBare, func(_, full string) {
			names = append(names, full)
			repositories[full] = true
		})
	}
	for _, name := range names {
		if p.t.others[name] {
			continue
		}
		top := name
		if !repositories[name] {
			top = filepath.Dir(name)
		}
		p.nested, p.begun, p.age = top, p.effort(), p.ages[name]
		if slices.Contains(p.roots, top) {
			p.nested = ""
		}
		err := p.follow(lead{from: name, to: name, deep: entriesDeep, inRoot: trustedInRoot(name)})
		if err == nil && repositories[name] {
			err = p.gitDirectory(name, name)
		} else if err == nil && trustname.IsGitDir(filepath.Base(name)) {
			err = p.repository(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// trustedInRoot returns the names of a root that a trusted name with a link to the root
// makes trusted.
func trustedInRoot(name string) []string {
	if trustname.IsGitDir(filepath.Base(name)) {
		return bareNames
	}
	return nil
}

// linked lists the files of a trusted name that have a second name: the file itself, or
// the files in a git folder that git runs and obeys. A mount guards a path, not a file.
func linked(there string) []string {
	files := []string{there}
	if name := filepath.Base(there); trustname.IsProtected(name, true) && !trustname.IsGitDir(name) {
		return secondNames(files)
	}
	for _, name := range []string{"config", "config.worktree", "info/attributes"} {
		files = append(files, filepath.Join(there, name))
	}
	if hooks, err := list(filepath.Join(there, "hooks")); err == nil {
		for _, h := range hooks {
			files = append(files, filepath.Join(there, "hooks", h.Name()))
		}
	}
	return secondNames(files)
}

func secondNames(files []string) (out []string) {
	for _, f := range files {
		if info, err := os.Lstat(f); err == nil && info.Mode().IsRegular() && names(info) > 1 {
			out = append(out, f)
		}
	}
	return out
}

// bareNames are the names in a repository's own folder that git obeys
// (gitrepository-layout(5)).
var bareNames = []string{"HEAD", "config", "config.worktree", "commondir", "hooks", "info", "modules", "objects", "packed-refs", "refs", "worktrees"}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// literals lists protected names that the user has not given up, without the patterns: the
// init asks for names.
func literals(root bool, given []string) []string {
	var out []string
	for _, n := range trustname.Protected() {
		if (root || !n.RootOnly) && !glob.IsPattern(n.Pattern) && !trustname.GivenUp(n.Pattern, given) {
			out = append(out, n.Pattern)
		}
	}
	return out
}

func recallIn(store, root string, given []string) *tree {
	if store == "" {
		return nil
	}
	return recall(knownFile(store, root, given), root)
}

// knownFile names the file of a root's walk. A walk for other names that the user has given
// up has other finds.
func knownFile(store, root string, given []string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{root}, given...), "\x00")))
	return filepath.Join(store, "tree."+hex.EncodeToString(sum[:8]))
}
