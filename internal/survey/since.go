package survey

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/news"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
)

// Since finds, after the end of the tree, what is new or changed since FindTrusted. came are
// names to take back: protected names in guarded folders, left by the init because of
// another spelling. news is what stays, and programs of the host may obey. begun is the
// start of the command, ran how long the command ran; more are names that are to be told
// too. Since keeps the walk for the next start.
func (t *Trusted) Since(begun time.Time, ran time.Duration, more []string) (came []takeback.Name, news news.News) {
	var names []string
	var looks []*look
	there := map[string]bool{}
	for _, full := range t.There {
		there[full] = true
	}
	for _, before := range t.trees {
		now, err := walk(before.root, before.given, before)
		if err != nil {
			continue // the root is gone
		}
		looks = append(looks, t.changes(now, before, begun, ran))
		if (now.news || before.news) && t.store != "" {
			_ = now.remember(knownFile(t.store, now.root, now.given)) // after a failure the next start walks the whole root
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
					came = append(came, t.NameOf(filepath.Join(full, t.bareName(full)))) // without the name git sees no repository
				case there[full]:
					// the host's, made or replaced meanwhile
				case k == kindTrusted && t.guards(filepath.Dir(full)) && !t.letsModules(full) && full != t.init:
					came = append(came, t.NameOf(full))
				default:
					names = append(names, full)
				}
			})
		}
	}
	names = slices.Concat(names, t.replaced(), more)
	bad := t.badModules()
	names = slices.DeleteFunc(names, func(full string) bool {
		return slices.ContainsFunc(bad, func(b takeback.Name) bool { return b.Path == full })
	})
	names, repositories := t.badRepositories(names)
	paths, found := splitNews(names)
	return slices.Concat(came, bad, repositories), told(looks, paths, found)
}

// Folders lists the folders in which protected names must not appear.
func (t *Trusted) Folders() []takeback.Folder {
	var out []takeback.Folder
	for _, a := range t.Absent {
		f := takeback.Folder{Root: t.rootOf(a.Dir), Dir: a.Dir, ID: a.ID, Names: a.Names, Bare: a.Bare}
		for _, tr := range t.trees {
			if a.Dir == tr.root {
				f.Had = append(tr.folders[""].trusted(), t.given...)
			}
		}
		out = append(out, f)
	}
	return out
}

// trusted lists the trusted names of a folder.
func (f *folder) trusted() (names []string) {
	for _, x := range f.finds {
		if x.kind == kindTrusted {
			names = append(names, x.name)
		}
	}
	return names
}

// NameOf returns a name to take away, with the folder as FindTrusted found the folder.
func (t *Trusted) NameOf(path string) takeback.Name {
	dir := filepath.Dir(path)
	out := takeback.Name{Root: t.rootOf(dir), Path: path}
	for _, a := range t.Absent {
		if a.Dir == dir {
			out.ID = a.ID
		}
	}
	return out
}

// rootOf returns the writable root of a folder, the innermost of several.
func (t *Trusted) rootOf(dir string) (root string) {
	for _, tr := range t.trees {
		if trail.Within(dir, tr.root) && len(tr.root) > len(root) {
			root = tr.root
		}
	}
	return root
}

// Measured keeps the numbers of the pinned files, as the gate measured them before the
// command: "DEVICE:INODE" by path.
func (t *Trusted) Measured(files map[string]string) { t.files = files }

// replaced lists the pinned names that are another file now. Inside, no command can replace
// a pinned name; a program of the host can, and what came then was not pinned for a moment.
func (t *Trusted) replaced() (out []string) {
	for _, name := range t.There {
		info, err := os.Lstat(name)
		if was, ok := t.files[name]; ok && err == nil && trail.IDOf(info).String() != was {
			out = append(out, name)
		}
	}
	return out
}

// Keep says that programs of the host have made names, which stay.
func (t *Trusted) Keep(names []string) {
	for _, name := range names {
		if !slices.Contains(t.There, name) {
			t.There = append(t.There, name)
		}
		delete(t.files, name)
		for i, a := range t.Absent {
			if a.Dir == filepath.Dir(name) {
				t.Absent[i].Names = slices.DeleteFunc(slices.Clone(a.Names), func(n string) bool { return n == filepath.Base(name) })
			}
		}
	}
}

// StillThere lists the names that were absent and are there.
func (t *Trusted) StillThere() (out []takeback.Name) {
	for _, a := range t.Absent {
		for _, name := range a.Names {
			if full := filepath.Join(a.Dir, name); exists(full) && !t.letsModules(full) && full != t.init {
				out = append(out, t.NameOf(full))
			}
		}
	}
	return out
}

// guards reports whether new trusted names in a folder are taken back.
func (t *Trusted) guards(dir string) bool {
	return slices.ContainsFunc(t.Absent, func(a host.Absent) bool { return a.Dir == dir })
}

// bareName returns the part of a bare repository that was absent in a root.
func (t *Trusted) bareName(root string) string {
	for _, a := range t.Absent {
		if a.Dir == root && a.Bare != "" {
			return a.Bare
		}
	}
	return host.BareParts[0]
}

func (t *tree) hasHandOffs() (has bool) {
	t.each(kindHandOff, func(string, string) { has = true })
	return has
}

// Growing returns the name of a folder that may become unwanted later, although the name is
// not unwanted now; "" for none.
func (t *Trusted) Growing(dir, name string) string {
	if t.init == "" || filepath.Dir(t.init) != dir || name != "" && filepath.Join(dir, name) != t.init || !exists(t.init) {
		return ""
	}
	return t.init
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
	if trustname.MayBeProtected(name) && trustname.Protects(name, root, t.given) {
		return true
	}
	return slices.ContainsFunc(t.Absent, func(a host.Absent) bool { return a.Dir == dir && slices.Contains(a.Names, name) })
}

// had reports whether an earlier walk saw the same find, unchanged.
func (t *tree) had(k kind, rel, full string) bool {
	f := t.folders[rel]
	name := strings.TrimPrefix(strings.TrimPrefix(full, filepath.Join(t.root, rel)), string(filepath.Separator))
	if f == nil || !f.found(k, name) {
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
