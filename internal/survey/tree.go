package survey

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/refusal"
)

// A writable root is walked to the trusted names in the root, the nearest folders first.
// Most folders are checked by their change time alone: no program can set the change time
// (utimes(2) sets the other times), and a folder with an equal change time has the same
// names.

// mostTree is how many folders of a root are looked into.
const mostTree = 4096

// settled is the least age of a change, to tell a later change from it: file systems keep
// time in ticks, sometimes in seconds.
var settled = 2 * time.Second

// skipped are folders that walk skips: package managers own the content, and the content
// is usually larger than the rest of the tree.
var skipped = []string{"node_modules", "__pycache__", ".venv", "site-packages"}

// kind says why a find matters.
type kind byte

const (
	kindTrusted kind = 't' // a name that programs of the host trust
	kindFIFO    kind = 'p'
	kindHandOff kind = 'h' // a hand-off name: a command may write the file, and programs of the host use the file
	kindBare    kind = 'b' // the folder is a bare repository
	kindClosed  kind = 'c' // the folder can't be read
	kindSkipped kind = 's' // a folder that no walk enters
)

// find is a name of a folder that matters.
type find struct {
	kind kind
	name string // "" for the folder
}

// folder is the knowledge about one folder.
type folder struct {
	changed    int64 // nanoseconds
	inode      uint64
	dirs       []string
	finds      []find
	owed       int64    // from when on changes of the files were not looked for, in nanoseconds; 0 for nothing owed
	remembered []string // files that are looked at after each command
}

// tree is the walk of a writable root.
type tree struct {
	root    string
	given   []string           // protected names that the user has given up
	at      int64              // when, in nanoseconds
	folders map[string]*folder // by path below the root, "" for the root
	order   []string           // of the walk
	unseen  int                // folders that were not read, at least
	news    bool               // the walk differs from the known tree
	before  *tree              // the earlier walk, nil for none
}

// walk looks through a root. given are the protected names that the user has given up.
// before is an earlier walk of the root, nil for none: the folders that led to trusted names
// come first, then the other known folders, then the new ones, so that new folders displace
// no other folders from the walk.
func walk(root string, given []string, before *tree) (*tree, error) {
	known := before
	if known != nil && !keepsTimes(root) {
		known = nil
	}
	t := &tree{root: root, given: given, at: time.Now().UnixNano(), folders: make(map[string]*folder, before.size()), news: known == nil, before: before}
	top, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	device, _ := identify(top)
	seen := stamps(root, known)
	if known.unchanged(device, seen) {
		t.folders, t.order = maps.Clone(known.folders), known.order
		return t, nil
	}
	if err := t.read(device, known, known.byPath(seen)); err != nil {
		return nil, err
	}
	t.news = t.news || len(t.order) != len(known.order)
	t.sortByAge()
	return t, nil
}

// unchanged reports whether seen, the present state of the folders in the order of the walk,
// proves that a new walk would find just the same.
func (t *tree) unchanged(device uint64, seen []stamp) bool {
	if t == nil || len(seen) != len(t.order) {
		return false
	}
	below := 1
	for i, rel := range t.order {
		f, now := t.folders[rel], seen[i]
		if now.err != nil || !now.dir || now.device != device || !f.sameTime(now) || !settledAt(now.changed, t.at) {
			return false
		}
		below += len(f.dirs)
	}
	return below == len(t.order) // no folder was left out
}

// byPath returns the states of the folders by path, without the root: a link may lead there.
func (t *tree) byPath(seen []stamp) map[string]stamp {
	out := make(map[string]stamp, len(seen))
	for i, now := range seen {
		if rel := t.order[i]; rel != "" {
			out[rel] = now
		}
	}
	return out
}

// read reads the folders of the root, without those that known proves unchanged.
func (t *tree) read(device uint64, known *tree, seen map[string]stamp) error {
	queue, depth := newQueue(t.before), map[string]int{}
	for rel, ok := queue.next(); ok; rel, ok = queue.next() {
		if len(t.order) >= mostTree {
			t.unseen++
			continue
		}
		f, err := t.readFolder(rel, device, known, seen)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		t.folders[rel] = f
		t.order = append(t.order, rel)
		if deepest < mostTree && depth[rel] >= deepest {
			continue
		}
		for _, d := range f.dirs {
			sub := join2(rel, d)
			queue.add(sub)
			if deepest < mostTree {
				depth[sub] = depth[rel] + 1
			}
		}
	}
	return nil
}

// size is how many folders a walk has.
func (t *tree) size() int {
	if t == nil {
		return 0
	}
	return len(t.order)
}

// sortByAge puts the folders that were there before first, in the order of before: a command
// can't get before what is older. A folder still comes after the folder around it.
func (t *tree) sortByAge() {
	if t.before == nil || slices.Equal(t.order, t.before.order) {
		return
	}
	if len(t.order) == len(t.before.order) && !slices.ContainsFunc(t.before.order, func(rel string) bool { return t.folders[rel] == nil }) {
		t.order = slices.Clone(t.before.order) // the same folders
		return
	}
	ages := t.before.ages()
	of := func(rel string) int {
		if age, ok := ages[rel]; ok {
			return age
		}
		return len(ages)
	}
	slices.SortStableFunc(t.order, func(a, b string) int { return of(a) - of(b) })
}

// ages returns the rank of each folder, the oldest first; 0 is the root's.
func (t *tree) ages() map[string]int {
	out := make(map[string]int, len(t.order))
	for i, rel := range t.order {
		out[rel] = i
	}
	return out
}

// queue has the folders that are to be read, by their rank.
type queue struct {
	before *tree
	leads  map[string]bool // the folders of before with a trusted name in or below
	ranks  [3][]string
}

func newQueue(before *tree) *queue {
	q := &queue{before: before, leads: map[string]bool{}}
	if before != nil {
		for rel, f := range before.folders {
			if f.guarded() {
				for at := rel; at != "" && !q.leads[at]; at = parent(at) {
					q.leads[at] = true
				}
			}
		}
	}
	q.add("")
	return q
}

func (q *queue) add(rel string) {
	rank := 2
	switch {
	case rel == "" || q.leads[rel]:
		rank = 0
	case q.before != nil && q.before.folders[rel] != nil:
		rank = 1
	}
	q.ranks[rank] = append(q.ranks[rank], rel)
}

func (q *queue) next() (rel string, ok bool) {
	for i := range q.ranks {
		if len(q.ranks[i]) > 0 {
			rel = q.ranks[i][0]
			q.ranks[i] = q.ranks[i][1:]
			return rel, true
		}
	}
	return "", false
}

// guarded reports whether a folder has a name that is guarded.
func (f *folder) guarded() bool {
	return slices.ContainsFunc(f.finds, func(x find) bool { return x.kind == kindTrusted || x.kind == kindBare || x.kind == kindClosed })
}

// parent returns the folder around a folder, by the path below the root.
func parent(rel string) string {
	return rel[:max(strings.LastIndexByte(rel, '/'), 0)]
}

// stamp is the present state of a folder.
type stamp struct {
	device  uint64
	changed int64 // nanoseconds
	inode   uint64
	dir     bool
	err     error
}

// sameTime reports whether a folder's change time is as it was.
func (f *folder) sameTime(now stamp) bool { return now.changed != 0 && now.changed == f.changed }

// settledAt reports whether a change was long enough before a walk to be part of the walk.
func settledAt(changed, walked int64) bool { return changed < walked-int64(settled) }

func stampOf(dir string) stamp {
	info, err := os.Lstat(dir)
	if err != nil {
		return stamp{err: err}
	}
	s := stamp{dir: info.IsDir()}
	s.device, s.changed = identify(info)
	s.inode = trail.IDOf(info).Inode
	return s
}

// readFolder returns the content of a folder, nil for a folder that does not belong to
// this root.
func (t *tree) readFolder(rel string, device uint64, known *tree, seen map[string]stamp) (*folder, error) {
	at, ok := seen[rel]
	if !ok {
		at = stampOf(filepath.Join(t.root, rel))
	}
	err := at.err
	if errors.Is(err, fs.ErrNotExist) && rel != "" {
		return nil, nil // the folder has gone meanwhile
	}
	if errors.Is(err, syscall.ENAMETOOLONG) && rel != "" {
		t.unseen++ // no path leads there, for nobody
		return nil, nil
	}
	if errors.Is(err, fs.ErrPermission) && rel != "" {
		return &folder{finds: []find{{kindClosed, ""}}}, nil
	}
	if err != nil {
		return nil, err
	}
	changed := at.changed
	if !at.dir && rel != "" || at.device != device && rel != "" {
		return nil, nil // other file systems below a root are read-only
	}
	var before *folder // before is the known folder if the change time proves that nothing changed.
	if known != nil {
		before = known.folders[rel]
	}
	if before != nil && !before.sameTime(at) {
		before = nil
	}
	if before != nil && settledAt(changed, known.at) {
		return before, nil
	}
	dir := filepath.Join(t.root, rel)
	entries, err := list(dir)
	if err == nil {
		_, err = os.Lstat(dir + string(filepath.Separator) + ".") // a folder may list names and still forbid access
	}
	switch {
	case errors.Is(err, fs.ErrPermission) && rel != "":
		t.news = true
		return &folder{changed: changed, finds: []find{{kindClosed, ""}}}, nil
	case errors.Is(err, fs.ErrNotExist) && rel != "":
		t.news = true
		return nil, nil
	case errors.Is(err, syscall.ENAMETOOLONG) && rel != "":
		t.unseen++
		return nil, nil
	case err != nil:
		return nil, err
	}
	f := t.sort(rel, changed, entries)
	if f.inode = at.inode; before != nil {
		f.remembered, f.owed = before.remembered, before.owed
	}
	// An unchanged folder whose change time is too young for proof is no news.
	if before == nil || settledAt(changed, t.at) || !slices.Equal(f.dirs, before.dirs) || !slices.Equal(f.finds, before.finds) {
		t.news = true
	}
	return f, nil
}

// sort picks the finds among a folder's entries.
func (t *tree) sort(rel string, changed int64, entries []fs.DirEntry) *folder {
	f := &folder{changed: changed}
	_, given := trustname.HandOff(rel) // every file in a hand-off folder is a hand-off name too
	given = given || t.inGivenUp(rel)
	var heads []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case trustname.MayBeProtected(name) && trustname.Protects(name, rel == "", t.given):
			f.finds = append(f.finds, find{kindTrusted, name})
			continue
		case e.IsDir():
			if slices.Contains(skipped, name) {
				f.finds = append(f.finds, find{kindSkipped, name})
				break
			}
			f.dirs = append(f.dirs, name)
		case e.Type()&fs.ModeNamedPipe != 0:
			f.finds = append(f.finds, find{kindFIFO, name})
			continue
		}
		if trustname.GivenUp(name, t.given) {
			f.finds = append(f.finds, find{kindHandOff, name})
		} else if trustname.MayHandOff(name) || given {
			if _, ok := trustname.HandOff(join2(rel, name)); ok || given && !e.IsDir() {
				f.finds = append(f.finds, find{kindHandOff, name})
			}
		}
		if len(name) <= len("commondir") {
			heads = append(heads, name)
		}
	}
	if trustname.IsBareRepository(heads) {
		f.finds = append(f.finds, find{kindBare, ""})
	}
	slices.Sort(f.dirs)
	slices.SortFunc(f.finds, func(a, b find) int { return strings.Compare(a.name, b.name) })
	return f
}

// inGivenUp reports whether a folder is a name that the user has given up, or lies in one.
func (t *tree) inGivenUp(rel string) bool {
	return len(t.given) > 0 && slices.ContainsFunc(strings.Split(rel, "/"), func(name string) bool { return trustname.GivenUp(name, t.given) })
}

// each calls f with each find of a kind and its full path.
func (t *tree) each(k kind, f func(rel, full string)) {
	for _, rel := range t.order {
		for _, found := range t.folders[rel].finds {
			if found.kind == k {
				f(rel, filepath.Join(t.root, rel, found.name))
			}
		}
	}
}

// found reports whether a folder has a find. A folder may have very many.
func (f *folder) found(k kind, name string) bool {
	at, _ := slices.BinarySearchFunc(f.finds, name, func(x find, name string) int { return strings.Compare(x.name, name) })
	for ; at < len(f.finds) && f.finds[at].name == name; at++ {
		if f.finds[at].kind == k {
			return true
		}
	}
	return false
}

// has reports whether a folder has a trusted name, in any spelling.
func (f *folder) has(name string) bool {
	return slices.ContainsFunc(f.finds, func(x find) bool { return x.kind == kindTrusted && strings.EqualFold(x.name, name) })
}

// repository reports whether git takes a folder for a repository.
func (f *folder) repository() bool {
	return slices.ContainsFunc(f.finds, func(x find) bool { return x.kind == kindBare || x.kind == kindTrusted && trustname.IsGitDir(x.name) })
}

func join2(rel, name string) string {
	if rel == "" {
		return name
	}
	return rel + "/" + name
}

// list is os.ReadDir without the sorting.
func list(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

func unreadable(root string, err error) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(root),
		Reason: fmt.Sprintf("the protected names in %s can't be looked for", root),
		Hint:   "choose a folder that you may read", Err: err}
}
