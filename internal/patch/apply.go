package patch

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// mostFile bounds a file that changes, in bytes.
const mostFile = 64 << 20

// Apply carries a patch out in the folder dir: all of it, or with an error nothing. The
// error is a *MatchError, or an *fs.PathError for a file that can't be read or written. A
// SIGKILL on the way leaves each file old or new, and may leave files named .patch-RANDOM
// beside them.
func Apply(dir string, files []File) ([]Change, error) {
	s := stage{dir: dir, files: map[string]*file{}}
	var changes []Change
	for _, f := range files {
		c, err := s.change(f)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	var w writer
	for _, f := range s.order {
		if err := w.write(f); err != nil {
			return nil, errors.Join(err, w.undo())
		}
	}
	w.finish()
	return changes, nil
}

// file is a file during a patch: the content on disk, and the content to come.
type file struct {
	path     string
	old, new *string // nil: no file
	mode     fs.FileMode
	links    uint64
}

// stage holds the files that a patch has touched so far. Nothing on disk changes yet.
type stage struct {
	dir   string
	files map[string]*file
	order []*file
}

// change carries out the part of a patch about one file.
func (s *stage) change(f File) (Change, error) {
	c := Change{Kind: f.Kind, Path: f.Path, To: f.To}
	at, err := s.open(f.Path)
	if err != nil {
		return c, err
	}
	if f.Kind == Add {
		return s.add(at, f, c)
	}
	if at.new == nil {
		return c, &fs.PathError{Op: string(f.Kind), Path: f.Path, Err: fs.ErrNotExist}
	}
	if f.Kind == Delete {
		at.new = nil
		return c, nil
	}
	fresh, diff, err := edit(f.Path, *at.new, f.Chunks)
	if err != nil {
		return c, err
	}
	c.Diff = diff
	if f.To == "" {
		at.new = &fresh
		return c, nil
	}
	return c, s.move(at, f.To, fresh)
}

// add makes a file. A file that is there gets the whole new text, as models expect.
func (s *stage) add(at *file, f File, c Change) (Change, error) {
	fresh := strings.Join(f.Text, "\n")
	if len(f.Text) > 0 {
		fresh += "\n"
	}
	have := ""
	if at.new != nil {
		c.Kind, have = Update, *at.new
	}
	at.new, c.Diff = &fresh, replaced(have, fresh)
	return c, nil
}

// move gives a file another name, with its permissions.
func (s *stage) move(at *file, name, fresh string) error {
	to, err := s.open(name)
	if err != nil {
		return err
	}
	if to != at && to.new != nil {
		return &fs.PathError{Op: "move to", Path: name, Err: fs.ErrExist}
	}
	mode := at.mode
	at.new = nil
	to.new, to.mode = &fresh, mode
	return nil
}

// open returns a file of the stage, read from disk the first time. Two names of one place
// are one file.
func (s *stage) open(name string) (*file, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if f := s.files[path]; f != nil {
		return f, nil
	}
	f, err := read(path)
	if err != nil {
		return nil, err
	}
	s.files[path] = f
	s.order = append(s.order, f)
	return f, nil
}

func read(path string) (*file, error) {
	f := &file{path: path, mode: 0o666}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return f, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "patch", Path: path, Err: errors.New("not a regular file")}
	case info.Size() > mostFile:
		return nil, &fs.PathError{Op: "patch", Path: path, Err: fmt.Errorf("longer than %d MiB", mostFile>>20)}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text := string(content)
	f.old, f.new, f.mode, f.links = &text, &text, info.Mode().Perm(), links(info)
	return f, nil
}

// writer brings files to their new content, and remembers how to take each step back.
type writer struct {
	back  []func() error
	aside []string // names of old files, removed when all is done
}

// undo takes all steps back, the last step first.
func (w *writer) undo() (err error) {
	for _, step := range slices.Backward(w.back) {
		err = errors.Join(err, step())
	}
	return err
}

// finish removes the old files.
func (w *writer) finish() {
	for _, name := range w.aside {
		_ = os.Remove(name)
	}
}

func (w *writer) write(f *file) error {
	switch {
	case f.old == nil && f.new == nil, f.old != nil && f.new != nil && *f.old == *f.new:
		return nil
	case f.new == nil:
		return w.remove(f)
	case f.old == nil:
		return w.make(f)
	case f.links > 1:
		return w.inPlace(f) // the other names must show the same content
	}
	return w.replace(f)
}

// remove renames the file, until all is done.
func (w *writer) remove(f *file) error {
	aside := beside(f.path)
	if err := place(f.path, aside); err != nil {
		return &fs.PathError{Op: "delete", Path: f.path, Err: err}
	}
	w.back = append(w.back, func() error { return place(aside, f.path) })
	w.aside = append(w.aside, aside)
	return nil
}

// make writes a new file, and the folders on the way to it.
func (w *writer) make(f *file) error {
	if err := w.folders(filepath.Dir(f.path)); err != nil {
		return err
	}
	name, err := f.writeBeside(false)
	if err != nil {
		return err
	}
	if err := place(name, f.path); err != nil {
		_ = os.Remove(name)
		return &fs.PathError{Op: "add", Path: f.path, Err: err}
	}
	w.back = append(w.back, func() error { return os.Remove(f.path) })
	return nil
}

// replace exchanges the old file for the new, so that the name always has a whole file.
func (w *writer) replace(f *file) error {
	name, err := f.writeBeside(true)
	if err != nil {
		return err
	}
	if err := exchange(name, f.path); err != nil {
		_ = os.Remove(name)
		if errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EINVAL) {
			return w.inPlace(f) // a mount of its own, or a file system without exchange
		}
		return &fs.PathError{Op: "update", Path: f.path, Err: err}
	}
	w.back = append(w.back, func() error { return errors.Join(exchange(name, f.path), os.Remove(name)) })
	w.aside = append(w.aside, name)
	return nil
}

// inPlace overwrites the file.
func (w *writer) inPlace(f *file) error {
	out, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	w.back = append(w.back, func() error {
		out, err := os.OpenFile(f.path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return overwrite(out, *f.old)
	})
	return overwrite(out, *f.new)
}

func overwrite(out *os.File, text string) error {
	_, err := out.WriteString(text)
	return errors.Join(err, out.Truncate(int64(len(text))), out.Close())
}

// folders makes a folder and the folders above it.
func (w *writer) folders(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := w.folders(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	w.back = append(w.back, func() error { return os.Remove(dir) })
	return nil
}

// writeBeside writes the new content under a name beside the file. exact sets the old
// file's permissions; otherwise the umask counts.
func (f *file) writeBeside(exact bool) (name string, err error) {
	name = beside(f.path)
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return "", &fs.PathError{Op: "write", Path: f.path, Err: errors.Unwrap(err)}
	}
	_, err = out.WriteString(*f.new)
	if exact || f.mode != 0o666 {
		err = errors.Join(err, out.Chmod(f.mode))
	}
	if err = errors.Join(err, out.Close()); err != nil {
		_ = os.Remove(name)
		return "", err
	}
	return name, nil
}

// beside returns a new name beside a file. Every sandbox has processes of the same
// numbers, so the name is random.
func beside(path string) string {
	return filepath.Join(filepath.Dir(path), ".patch-"+rand.Text())
}
