package takeback

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockstile/lockstile/internal/trail"
)

// Store is the folder with what was taken away. Each entry is a folder: the file "made",
// and a text about the file. The zero value stores nothing.
type Store struct{ Dir string }

const (
	madeName = "made"
	fromName = "from.json"
)

// mostKept is how long an entry waits for its user.
const mostKept = 30 * 24 * time.Hour

// Entry is something that was taken away.
type Entry struct {
	Name string    `json:"name"` // in the store
	Path string    `json:"path"` // before
	Time time.Time `json:"time"` // when the name was taken away
	Kind string    `json:"kind"` // "file", "folder", "link" or "other"
}

// put moves a name of a folder into the store, and returns the new path. path is the name
// that the user knows. A store of another file system takes nothing.
func (s Store) put(dir *os.Root, base, path string) (now string, err error) {
	if s.Dir == "" {
		return "", errors.ErrUnsupported
	}
	info, err := dir.Lstat(base)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return "", err
	}
	entry := filepath.Join(s.Dir, fresh())
	if err := os.Mkdir(entry, 0o700); err != nil {
		return "", err
	}
	text, err := json.Marshal(Entry{Path: path, Time: time.Now().UTC(), Kind: kindOf(info.Mode())})
	if err == nil {
		err = os.WriteFile(filepath.Join(entry, fromName), text, 0o600)
	}
	if err == nil {
		err = opened(dir, func() error { return moveTo(dir, base, info, entry) })
	}
	if err != nil {
		_ = os.Remove(filepath.Join(entry, fromName))
		_ = os.Remove(entry)
		return "", err
	}
	return filepath.Join(entry, madeName), nil
}

func kindOf(mode fs.FileMode) string {
	switch mode.Type() {
	case 0:
		return "file"
	case fs.ModeDir:
		return "folder"
	case fs.ModeSymlink:
		return "link"
	}
	return "other"
}

// NameOf returns the name of the entry with a path, "" for a path elsewhere.
func (s Store) NameOf(path string) string {
	if entry := filepath.Dir(path); filepath.Dir(entry) == s.Dir && filepath.Base(path) == madeName {
		return filepath.Base(entry)
	}
	return ""
}

// List returns the entries, the oldest first.
func (s Store) List() ([]Entry, error) {
	folders, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, f := range folders {
		if e, err := s.read(f.Name()); err == nil {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	return out, nil
}

func (s Store) read(name string) (Entry, error) {
	text, err := os.ReadFile(filepath.Join(s.Dir, name, fromName))
	e := Entry{}
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	e.Name = name
	return e, err
}

// Restore moves an entry back to its path, where nothing may be. name is the name in the
// store, or the path of the only entry with the path.
func (s Store) Restore(name string) (Entry, error) {
	e, err := s.find(name)
	if err != nil {
		return e, err
	}
	if exists(e.Path) {
		return e, fmt.Errorf("%s is there again", e.Path)
	}
	top := filepath.VolumeName(e.Path) + string(filepath.Separator)
	dir, err := openFolder(top, filepath.Dir(e.Path), trail.ID{}) // over no link: a command may have put one there
	if errors.Is(err, errMoved) {
		return e, fmt.Errorf("a link is on the way to %s now: look at %s, and move it yourself", e.Path, filepath.Join(s.Dir, e.Name, madeName))
	}
	if err != nil {
		return e, err
	}
	defer dir.Close()
	if err := moveBack(filepath.Join(s.Dir, e.Name), dir, filepath.Base(e.Path)); err != nil {
		return e, err
	}
	return e, os.RemoveAll(filepath.Join(s.Dir, e.Name))
}

func (s Store) find(name string) (Entry, error) {
	all, err := s.List()
	if err != nil {
		return Entry{}, err
	}
	var found []Entry
	for _, e := range all {
		if e.Name == name || e.Path == name {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 0:
		return Entry{}, fmt.Errorf("nothing that was taken back has the name %s", name)
	case 1:
		return found[0], nil
	}
	return Entry{}, fmt.Errorf("%d things were taken back from %s: give one of the names of the list", len(found), name)
}

// Clear removes the entries that are older than an age, for good.
func (s Store) Clear(age time.Duration) (removed int, err error) {
	all, err := s.List()
	if err != nil {
		return 0, err
	}
	for _, e := range all {
		if time.Since(e.Time) < age {
			continue
		}
		if one := removeAll(filepath.Join(s.Dir, e.Name)); one != nil {
			err = errors.Join(err, one)
		} else {
			removed++
		}
	}
	return removed, err
}

// Expire removes the entries that have waited too long.
func (s Store) Expire() { _, _ = s.Clear(mostKept) }

// removeAll removes a tree, also one with folders that were closed.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		if err != nil {
			return fs.SkipDir
		}
		return nil
	})
	return os.RemoveAll(dir)
}
