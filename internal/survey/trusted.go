// Package survey looks over the folders of a policy before a start: which names in the
// folders are trusted by programs of the host, and which paths may not be read. The
// package writes the result to the product's own folder. The package must never change a
// folder of the policy, follow a link out of the folder at hand, or leave out a folder
// silently.
package survey

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// mostTrusted bounds the protected names of one start: each costs a mount, or some calls
// at the end of the start.
const mostTrusted = 1500

// Trusted is the set of trusted names in the writable roots before a start.
type Trusted struct {
	There  []string      // becomes read-only
	Absent []host.Absent // taken back if present at the end
	FIFOs  []string      // the host may hold the other end
	Linked []string      // trusted files with a second name, by which a command could write the file
	Unseen int           // folders that were not read, at least

	store   string
	trees   []*tree
	init    string            // the .git that commands may make, "" for none
	making  time.Time         // when the .git was seen first that is no repository yet
	served  string            // the git directory that is served, "" for none
	modules map[string]string // each .gitmodules that commands may write, with the content of before
	// others are names that a concurrent start will rename away. Treat them as absent: a
	// mount on such a name would vanish with it.
	others map[string]bool
}

// FindTrusted finds the trusted names of a policy's writable roots. store is the folder
// that keeps the walks for the next start. notes is the folder where starts note the
// names to take back; "" for none. own are the paths by which the next start finds the
// policy.
func FindTrusted(p policy.Policy, store, notes string, own []string) (*Trusted, error) {
	t := &Trusted{store: store}
	for _, root := range p.Roots() {
		seen, err := walk(root.Path, recallIn(store, root.Path))
		if err != nil {
			return nil, unreadable(root.Path, err)
		}
		t.trees = append(t.trees, seen)
		t.Unseen += seen.unseen
	}
	t.others = takeback.Noted(notes) // after the walk: a start notes a name before making it
	for _, seen := range t.trees {
		if err := t.take(seen, p); err != nil {
			return nil, err
		}
	}
	if len(t.trees) > 0 {
		if err := t.guardWays(append(ownPrograms(), own...), p); err != nil {
			return nil, err
		}
	}
	if n := len(t.There) + len(t.Absent); n > mostTrusted {
		return nil, &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(p.Workspace),
			Reason: fmt.Sprintf("%d names that programs of the host trust are in the writable roots, and no more than %d can be protected", n, mostTrusted),
			Hint:   "start in one project's folder, with -C"}
	}
	slices.Sort(t.There)
	t.There = slices.Compact(t.There) // a root may lie in another
	for _, there := range t.There {
		t.Linked = append(t.Linked, linked(there)...)
	}
	return t, nil
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

// take adds the finds of one root.
func (t *Trusted) take(seen *tree, p policy.Policy) error {
	if top := seen.folders[""]; slices.ContainsFunc(top.finds, func(f find) bool { return f.kind == kindBare }) {
		for _, name := range bareNames {
			if full := filepath.Join(seen.root, name); exists(full) {
				t.There = append(t.There, full)
			}
		}
	}
	for _, k := range []kind{kindTrusted, kindBare, kindClosed} {
		seen.each(k, func(rel, full string) {
			if (rel != "" || k == kindTrusted) && !t.others[full] { // a root must stay writable
				t.There = append(t.There, full)
			}
		})
	}
	seen.each(kindFIFO, func(_, full string) { t.FIFOs = append(t.FIFOs, full) })
	for _, rel := range seen.order {
		f := seen.folders[rel]
		if rel != "" && slices.ContainsFunc(p.Roots(), func(r policy.Root) bool { return r.Path == filepath.Join(seen.root, rel) }) {
			continue // a root of its own
		}
		if rel == "" || f.repository() && !slices.Contains(t.There, filepath.Join(seen.root, rel)) {
			if err := t.missing(filepath.Join(seen.root, rel), f, rel == ""); err != nil {
				return err
			}
		}
	}
	return t.follow(seen, p)
}

// bareNames are the names in a repository's own folder that git obeys
// (gitrepository-layout(5)).
var bareNames = []string{"HEAD", "config", "config.worktree", "commondir", "hooks", "info", "modules", "objects", "packed-refs", "refs", "worktrees"}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// missing adds the names that are absent in a folder.
func (t *Trusted) missing(dir string, f *folder, root bool) error {
	if t.guards(dir) {
		return nil // the folder was reached from another root
	}
	info, err := os.Stat(dir)
	if err != nil {
		return unreadable(dir, err)
	}
	var names []string
	for _, n := range literals(root) {
		if !f.has(n) || t.others[filepath.Join(dir, n)] {
			names = append(names, n)
		}
	}
	t.Absent = append(t.Absent, host.Absent{Dir: dir, Mode: uint32(info.Mode().Perm()), Names: names})
	return nil
}

// literals lists protected names, without the patterns: the init asks for names.
func literals(root bool) []string {
	var out []string
	for _, n := range trustname.Protected() {
		if (root || !n.RootOnly) && !glob.IsPattern(n.Pattern) {
			out = append(out, n.Pattern)
		}
	}
	return out
}

// follow protects the writable targets of links and of git's pointers among the trusted
// names.
func (t *Trusted) follow(seen *tree, p policy.Policy) error {
	var leads []lead
	seen.each(kindTrusted, func(_, full string) {
		if t.others[full] {
			return
		}
		to := gitPointers(full)
		leads = append(leads, to...)
		if trustname.IsGitDir(filepath.Base(full)) {
			leads = append(leads, obeyed(full, to)...)
		}
	})
	for _, l := range leads {
		if err := t.guard(l, p); err != nil {
			return err
		}
	}
	return nil
}

// guard protects the target of a lead, if the target is writable.
func (t *Trusted) guard(l lead, p policy.Policy) error {
	roots := p.Roots()
	switch {
	case !slices.ContainsFunc(roots, func(r policy.Root) bool { return trail.Within(l.to, r.Path) }) || slices.ContainsFunc(t.There, func(there string) bool { return trail.Within(l.to, there) }):
		return nil // commands can't write the target
	case slices.ContainsFunc(roots, func(r policy.Root) bool { return trail.Within(r.Path, l.to) }):
		return leadsNowhere(l, "which is a whole writable root")
	case exists(l.to) && !t.others[l.to]:
		t.There = append(t.There, l.to)
		return nil
	}
	// An absent target must not appear: guard the uppermost absent folder on the way.
	to := l.to
	for !exists(filepath.Dir(to)) {
		to = filepath.Dir(to)
	}
	info, err := os.Stat(filepath.Dir(to))
	if err != nil {
		return unreadable(filepath.Dir(to), err)
	}
	t.Absent = append(t.Absent, host.Absent{Dir: filepath.Dir(to), Mode: uint32(info.Mode().Perm()), Names: []string{filepath.Base(to)}})
	return nil
}

// obeyed returns the files that a repository's configurations make git obey. at is the
// repository's .git, which may lead elsewhere.
func obeyed(at string, leads []lead) (out []lead) {
	tree, gitDirs := filepath.Dir(at), []string{at}
	for _, l := range leads {
		gitDirs = append(gitDirs, l.to)
	}
	for _, dir := range gitDirs {
		for _, name := range []string{"config", "config.worktree"} {
			out = append(out, configured(filepath.Join(dir, name), tree)...)
		}
	}
	for _, file := range configurations() {
		out = append(out, configured(file, tree)...)
	}
	return out
}

func leadsNowhere(l lead, how string) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(l.from),
		Reason: fmt.Sprintf("%s leads to %s, %s", l.from, l.to, how), Hint: "remove it, or mend where it leads"}
}

// Since finds, after the end of the tree, the names that are new since FindTrusted. came
// are protected names in guarded folders, left by the init because of another spelling.
// news are other trusted files that are new or changed. Since keeps the walk for the next
// start.
func (t *Trusted) Since() (came []takeback.Name, news []string) {
	for _, before := range t.trees {
		now, err := walk(before.root, before)
		if err != nil {
			continue // the root is gone
		}
		if (now.news || before.news) && t.store != "" {
			_ = now.remember(knownFile(t.store, now.root)) // after a failure the next start walks the whole root
		}
		if !now.news && !before.hasHandOffs() {
			continue
		}
		for _, k := range []kind{kindTrusted, kindBare, kindHandOff} {
			now.each(k, func(rel, full string) {
				bareRoot := k == kindBare && rel == ""
				switch {
				case !t.others[full] && before.had(k, rel, full):
				case bareRoot:
					came = append(came, takeback.Name{Root: now.root, Path: filepath.Join(full, "HEAD")}) // without HEAD git sees no repository
				case k == kindTrusted && t.guards(filepath.Dir(full)) && !t.letsModules(full) && full != t.init:
					came = append(came, takeback.Name{Root: now.root, Path: full})
				default:
					news = append(news, full)
				}
			})
		}
	}
	bad := t.badModules()
	news = slices.DeleteFunc(news, func(full string) bool {
		return slices.ContainsFunc(bad, func(b takeback.Name) bool { return b.Path == full })
	})
	news, repositories := t.badRepositories(news)
	return slices.Concat(came, bad, repositories), news
}

// Folders lists the folders in which protected names must not appear.
func (t *Trusted) Folders() []takeback.Folder {
	var out []takeback.Folder
	for _, a := range t.Absent {
		f := takeback.Folder{Dir: a.Dir, Names: a.Names}
		for _, tr := range t.trees {
			if trail.Within(a.Dir, tr.root) && len(tr.root) > len(f.Root) {
				f.Root = tr.root
			}
		}
		out = append(out, f)
	}
	return out
}

// guards reports whether new trusted names in a folder are taken back.
func (t *Trusted) guards(dir string) bool {
	return slices.ContainsFunc(t.Absent, func(a host.Absent) bool { return a.Dir == dir })
}

func (t *tree) hasHandOffs() (has bool) {
	t.each(kindHandOff, func(string, string) { has = true })
	return has
}

// Again reports whether a name of a folder may become unwanted later, although the name is
// not unwanted now.
func (t *Trusted) Again(dir, name string) bool {
	return t.init != "" && filepath.Dir(t.init) == dir && (name == "" || filepath.Join(dir, name) == t.init) && exists(t.init)
}

// Unwanted lists the unwanted names of a folder: the given name if unwanted, or all for
// "".
func (t *Trusted) Unwanted(dir, name string) []string {
	names := []string{name}
	if name == "" {
		entries, err := list(dir)
		if err != nil {
			return nil
		}
		names = nil
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	var out []string
	for _, n := range names {
		if full := filepath.Join(dir, n); t.unwanted(dir, n) && !slices.Contains(t.There, full) {
			out = append(out, full)
		}
	}
	return out
}

// unwanted reports whether a name of a guarded folder is to be taken back.
func (t *Trusted) unwanted(dir, name string) bool {
	root := slices.ContainsFunc(t.trees, func(tr *tree) bool { return tr.root == dir })
	if full := filepath.Join(dir, name); t.letsModules(full) || t.comes(full) {
		return false
	}
	if trustname.MayBeProtected(name) && trustname.IsProtected(name, root) {
		return true
	}
	return slices.ContainsFunc(t.Absent, func(a host.Absent) bool { return a.Dir == dir && slices.Contains(a.Names, name) })
}

// had reports whether an earlier walk saw the same find, unchanged.
func (t *tree) had(k kind, rel, full string) bool {
	f := t.folders[rel]
	if f == nil || !slices.Contains(f.finds, find{k, strings.TrimPrefix(strings.TrimPrefix(full, filepath.Join(t.root, rel)), string(filepath.Separator))}) {
		return false
	}
	if k != kindHandOff {
		return true
	}
	info, err := os.Lstat(full)
	if err != nil {
		return true // the file has gone
	}
	_, changed := identify(info)
	return changed < t.at
}

func recallIn(store, root string) *tree {
	if store == "" {
		return nil
	}
	return recall(knownFile(store, root), root)
}

func knownFile(store, root string) string {
	sum := sha256.Sum256([]byte(root))
	return filepath.Join(store, "tree."+hex.EncodeToString(sum[:8]))
}
