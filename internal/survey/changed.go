package survey

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/gitconf"
	"github.com/lockstile/lockstile/internal/news"
	"github.com/lockstile/lockstile/internal/trustname"
)

// At the end of a command the files of the roots are looked at for changes. A file shows a
// change by its change time, which no program can set. The files of changed folders are
// looked at, and the remembered files: programs, hand-off names, names with a dot, and names
// that guarded files mention. As long as the command ran twenty times as long as the look,
// the files of the other folders are looked at too; what is left out is owed to a later look.

// lookShare is how much longer than a whole look a command must have run. After a quick
// command, whose end nobody wants to wait for, there is no whole look.
const (
	lookShare = 20
	quick     = 200 * time.Millisecond
)

// mostRemembered bounds the remembered files of a root.
const mostRemembered = 4096

// tick is how much earlier than a change the change time may be: the kernel's clock for
// files has ticks.
const tick = 10 * time.Millisecond

// look is a look at one root.
type look struct {
	now        *tree
	before     *tree
	named      func() map[string]bool
	since      int64 // a change from then on counts
	earliest   int64 // the time from which on files were told that were owed; since for none
	until      time.Time
	remembered int
	files      []news.File
}

// changes looks for what has changed in a root since a time. ran is how long the command
// ran.
func (t *Trusted) changes(now, before *tree, since time.Time, ran time.Duration) *look {
	from := since.Add(-tick).UnixNano()
	l := &look{now: now, before: before, named: t.named, since: from, earliest: from}
	if ran > quick {
		l.until = time.Now().Add(ran / lookShare)
	}
	moved := map[string]bool{} // the folders that were moved to their place
	for _, rel := range now.order {
		if l.folder(rel, rel != "" && len(moved) > 0 && moved[parent(rel)]) {
			moved[rel] = true
		}
	}
	return l
}

// folder looks at one folder, and reports whether the folder was moved to its place, with
// all that is in it.
func (l *look) folder(rel string, moved bool) bool {
	f := l.now.folders[rel]
	if f.changed >= l.since && rel != "" && !moved { // a move changes the time of the folder that moves
		was := l.before.folders[rel]
		moved = was == nil || was.inode != f.inode
	}
	for _, x := range f.finds {
		if x.kind == kindSkipped {
			l.skipped(join2(rel, x.name))
		}
	}
	if moved || f.changed >= l.since || !l.until.IsZero() && time.Now().Before(l.until) {
		l.keep(rel, l.whole(rel, f, moved))
		return moved
	}
	if f.owed == 0 {
		kept := *f
		kept.owed = l.since
		l.keep(rel, &kept)
	}
	for _, name := range f.remembered {
		l.file(rel, name, nil, l.since)
	}
	return moved
}

// keep keeps what is known of a folder now. The folder of before stays as it is.
func (l *look) keep(rel string, f *folder) {
	if f != l.now.folders[rel] {
		l.now.folders[rel] = f
		l.now.news = true
	}
}

// whole looks at all files of a folder, and returns what is known of the folder now.
func (l *look) whole(rel string, f *folder, moved bool) *folder {
	entries, err := list(filepath.Join(l.now.root, rel))
	if err != nil {
		return f
	}
	var remembered []string
	for _, e := range entries {
		if e.IsDir() || f.found(kindTrusted, e.Name()) {
			continue
		}
		since := l.since
		switch {
		case moved:
			since = 0
		case f.owed != 0:
			if _, remembered := slices.BinarySearch(f.remembered, e.Name()); !remembered {
				since = f.owed
			}
		}
		if l.file(rel, e.Name(), e, since) && l.remembered < mostRemembered {
			l.remembered++
			remembered = append(remembered, e.Name())
		}
	}
	slices.Sort(remembered)
	if f.owed == 0 && slices.Equal(remembered, f.remembered) {
		return f
	}
	kept := *f
	kept.remembered, kept.owed = remembered, 0
	return &kept
}

// file looks at one file, and reports whether the file is one to remember. A change from
// since on counts.
func (l *look) file(rel, name string, e fs.DirEntry, since int64) (remember bool) {
	var info fs.FileInfo
	var err error
	full := filepath.Join(l.now.root, rel, name)
	if e != nil {
		info, err = e.Info()
	} else {
		info, err = os.Lstat(full)
	}
	if err != nil {
		return false // the file has gone
	}
	path := join2(rel, name)
	program := info.Mode().IsRegular() && info.Mode()&0o111 != 0
	mentioned := l.named()
	named := mentioned[full] || mentioned[filepath.Dir(full)+string(filepath.Separator)]
	_, known := trustname.HandOff(path)
	remember = program || named || known || name[0] == '.'
	if _, changed := identify(info); changed >= since {
		l.files = append(l.files, news.File{Root: l.now.root, Path: path, Program: program, Named: named})
		if remember && since > 0 {
			l.earliest = min(l.earliest, since)
		}
	}
	return remember
}

// skipped looks at the programs of a folder that no walk enters.
func (l *look) skipped(rel string) {
	for _, name := range []string{"bin", ".bin"} {
		dir := filepath.Join(l.now.root, rel, name)
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		if _, changed := identify(info); changed < l.since {
			continue
		}
		entries, err := list(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !e.IsDir() {
				l.file(join2(rel, name), e.Name(), e, l.since)
			}
		}
	}
}

// told lists what to tell of the looks. paths are names that are trusted by their spelling;
// repositories are new.
func told(looks []*look, paths, repositories []string) news.News {
	var files []news.File
	for _, l := range looks {
		files = append(files, l.files...)
	}
	var found []news.Repository
	for _, path := range repositories {
		found = append(found, news.Repository{Path: path, Keys: keysOf(path)})
	}
	out := news.Of(files, found, paths)
	for _, l := range looks {
		if l.earliest < l.since {
			out.Since = time.Unix(0, l.earliest).UTC().Format(time.RFC3339)
		}
	}
	return out
}

// splitNews parts new names into repositories and other names.
func splitNews(all []string) (paths, repositories []string) {
	for _, full := range all {
		if trustname.IsGitDir(filepath.Base(full)) || isRepository(full) {
			repositories = append(repositories, full)
		} else {
			paths = append(paths, full)
		}
	}
	return paths, repositories
}

const mostKeys = 5

// keysOf lists the keys in the configuration of a new repository that name programs or
// files.
func keysOf(at string) (keys []string) {
	loader := gitconf.Loader{}
	for _, f := range loader.Load(filepath.Join(at, "config")) {
		for _, l := range f.Leads() {
			section, _, _ := strings.Cut(l.Key, ".")
			if section != "remote" && section != "branch" && section != "submodule" && l.Key != worktreeKey && !slices.Contains(keys, l.Key) && len(keys) < mostKeys {
				keys = append(keys, l.Key)
			}
		}
	}
	return keys
}
