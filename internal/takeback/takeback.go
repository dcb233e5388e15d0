// Package takeback renames protected names that appeared during a command: while the
// command runs, at the end, and after a start whose processes were all killed at once. On
// Linux the init does the same at the end of the tree, from the tape.
//
// Package takeback must never remove a file, replace a file, or rename anything outside
// the root of the name.
package takeback

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Folder is a folder in which protected names must not appear.
type Folder struct {
	Root  string // the writable root with the folder
	Dir   string
	Names []string // the protected names, absent before the start
}

// Name is a protected name that appeared, with its root.
type Name struct {
	Root, Path string
	Before     string // the content before the command, written back; "" for an absent file
}

// Back is a name that was taken back.
type Back struct {
	Path string // before
	Now  string // after
}

// Rename puts a suffix behind a name. The rename stays within the root, wherever links on
// the way now lead. Rename opens a folder that the command closed to writing.
func Rename(n Name, suffix string) (Back, error) {
	root, err := os.OpenRoot(n.Root)
	if err != nil {
		return Back{}, err
	}
	defer root.Close()
	rel := strings.TrimPrefix(n.Path, n.Root+string(filepath.Separator))
	err = root.Rename(rel, rel+suffix)
	if errors.Is(err, fs.ErrPermission) {
		dir := filepath.Dir(rel)
		if info, statErr := root.Stat(dir); statErr == nil && root.Chmod(dir, info.Mode().Perm()|0o300) == nil {
			err = root.Rename(rel, rel+suffix)
			_ = root.Chmod(dir, info.Mode().Perm())
		}
	}
	return Back{n.Path, n.Path + suffix}, err
}

// All renames names, and returns the names that could not be renamed as left.
func All(names []Name, suffix string) (back []Back, left []string) {
	for _, n := range names {
		if b, err := Rename(n, suffix); err == nil && restore(n) == nil {
			back = append(back, b)
		} else {
			left = append(left, n.Path)
		}
	}
	return back, left
}

// Return gives a name that was taken back its own name again. Return replaces nothing.
func Return(path, now string) error {
	if exists(path) {
		return fs.ErrExist
	}
	return os.Rename(now, path)
}

// restore writes the file of before.
func restore(n Name) error {
	if n.Before == "" {
		return nil
	}
	root, err := os.OpenRoot(n.Root)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.OpenFile(strings.TrimPrefix(n.Path, n.Root+string(filepath.Separator)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(n.Before)
	return errors.Join(err, f.Close())
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
