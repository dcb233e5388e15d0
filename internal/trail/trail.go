// Package trail follows a path from the root, name by name, as the kernel does
// (path_resolution(7)), and returns every link on the way: a command that can replace a
// link decides about the end of the path. Package trail must never follow a link without
// returning the link, clean a path before the walk, nor change anything.
package trail

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Trail is the end of a path, and the way to the end.
type Trail struct {
	Links   []Link // the followed links, in order
	End     string // the end of the path, without links in the existing part; after an error, where the walk stopped, "" for nowhere
	Missing string // the uppermost absent name, or ""
	ID      ID     // of End; the zero value for an absent end
	Folder  bool   // End is a folder
}

// Link is a followed link.
type Link struct {
	Path string // without links
	ID   ID
}

// ID tells a file from all other files of the machine at the same time.
type ID struct{ Device, Inode uint64 }

// String returns the numbers, "DEVICE:INODE".
func (id ID) String() string { return fmt.Sprintf("%d:%d", id.Device, id.Inode) }

// mostLinks is the most links that the kernel follows (MAXSYMLINKS).
const mostLinks = 40

// mostPath is how many bytes the walked names may have together. The bound is above that of
// the kernel (PATH_MAX), because links make a path longer.
const mostPath = 8 * 4096

// The errors of Walk.
var (
	ErrLinks  = errors.New("more than 40 links, or links in a circle")
	ErrMagic  = errors.New("a link of /proc that is no name")
	ErrFolder = errors.New("a file where the path needs a folder")
	ErrLong   = errors.New("a path that is too long")
)

// Join returns the path that is written in a file of a folder. ".." behind a link is the
// kernel's to follow, so Join cleans nothing.
func Join(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return folder + string(filepath.Separator) + path
}

// Walk follows an absolute path. If Walk can't follow the path to its end, it returns an
// error, with the links up to there: ErrLinks, ErrMagic, ErrFolder, ErrLong, or an error of
// the system.
func Walk(path string) (Trail, error) {
	if !filepath.IsAbs(path) {
		return Trail{}, fmt.Errorf("%s is not an absolute path", path)
	}
	if t, ok := direct(path); ok {
		return t, nil
	}
	w, err := begin(filepath.VolumeName(path))
	if err != nil {
		return Trail{}, fmt.Errorf("follow a path: %w", err)
	}
	defer w.close()
	w.todo = names(path[len(filepath.VolumeName(path)):])
	err = w.walk()
	return w.Trail, err
}

// walker is a walk on its way.
type walker struct {
	Trail
	at   place
	todo []string // the names that are left, the next name first
}

func (w *walker) walk() error {
	for len(w.todo) > 0 {
		name := w.todo[0]
		if len(w.at.path)+len(name) > mostPath {
			return ErrLong
		}
		found, err := w.at.look(name)
		if found == nothing {
			w.Missing = join(w.at.path, name)
			if w.End = w.Missing; !slices.Contains(w.todo, "..") {
				w.End = filepath.Join(append([]string{w.Missing}, w.todo[1:]...)...)
			}
			return nil
		}
		if err != nil {
			return w.stopped(err)
		}
		w.todo = w.todo[1:]
		if found == link {
			if err := w.follow(name); err != nil {
				return err
			}
		}
	}
	w.End, w.ID, w.Folder = w.at.path, w.at.id, w.at.folder
	return nil
}

// stopped ends the walk at a file in place of a folder, or at a folder that can't be
// searched. No path has an end behind a name that is too long.
func (w *walker) stopped(err error) error {
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return ErrLong
	}
	w.End, w.ID, w.Folder = w.at.path, w.at.id, w.at.folder
	if errors.Is(err, ErrFolder) {
		return err
	}
	return fmt.Errorf("follow a path: %w", err)
}

// follow goes to where the link of a name begins.
func (w *walker) follow(name string) error {
	to, id, err := w.at.read(name)
	w.Links = append(w.Links, Link{join(w.at.path, name), id})
	if err != nil {
		return err
	}
	if len(w.Links) > mostLinks {
		return ErrLinks
	}
	if filepath.IsAbs(to) {
		if err := w.at.up(filepath.VolumeName(to)); err != nil {
			return fmt.Errorf("follow a path: %w", err)
		}
		to = to[len(filepath.VolumeName(to)):]
	}
	w.todo = append(names(to), w.todo...)
	return nil
}

// found is what is at a name.
type found int

const (
	nothing found = iota
	link
	other // the place is there now
)

// names returns the names of a path. ".." stays: its meaning depends on links.
func names(path string) (out []string) {
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == filepath.Separator }) {
		if name != "." {
			out = append(out, name)
		}
	}
	return out
}

// join returns the path of a name in a folder, for a path without links.
func join(folder, name string) string {
	if strings.HasSuffix(folder, string(filepath.Separator)) {
		return folder + name
	}
	return folder + string(filepath.Separator) + name
}

// Within reports whether a clean path is dir or lies in it, by the names alone.
func Within(path, dir string) bool {
	return dir == string(filepath.Separator) || strings.HasPrefix(path, dir) && (len(path) == len(dir) || path[len(dir)] == filepath.Separator)
}
