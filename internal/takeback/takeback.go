// Package takeback takes away protected names that appeared during a command: while the
// command runs, at the end, and after a start whose processes were all killed at once. On
// Linux the init does the same at the end of the tree, from the tape. What was taken away
// waits in a store of the product's own folder, where the user can have it back.
//
// Package takeback must never replace a file, follow a link, or touch anything outside the
// folder of a name as the survey found the folder. It must never remove a file that can
// be moved.
package takeback

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/lockstile/lockstile/internal/trail"
)

// Folder is a folder in which protected names must not appear.
type Folder struct {
	Root  string // the writable root with the folder
	Dir   string
	ID    trail.ID // of Dir; the zero value if unknown
	Names []string // the protected names, absent before the start
	Bare  string   // the name without which the root is no bare repository; "" for none
	Had   []string // the entries of the root whose names are protected by a pattern, before the start
}

// Name is a protected name that appeared, with its root.
type Name struct {
	Root, Path string
	ID         trail.ID // of the folder of Path; the zero value if unknown
	Before     string   // the content before the command, written back; "" for an absent file
}

// folder opens the folder of a name.
func (n Name) folder() (*os.Root, error) { return openFolder(n.Root, filepath.Dir(n.Path), n.ID) }

// Back is a name that was taken back.
type Back struct {
	Path string // before
	Now  string // after; "" for a file that could only be removed
}

// errMoved means that the folder of a name isn't the folder of before.
var errMoved = errors.New("the folder has been replaced")

// Taker takes names away for one start.
type Taker struct {
	Store  Store
	Suffix string // behind a name in place; no other start has the suffix
}

// All takes names away, and returns the names that are still there as left.
func (t Taker) All(names []Name) (back []Back, left []Left) {
	for i, n := range names {
		b, err := t.Take(n, i)
		if err == nil {
			err = restore(n)
		}
		if err == nil {
			back = append(back, b)
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errMoved) {
			left = append(left, Left{n.Path, err})
		}
	}
	return back, left
}

// Left is a name that could not be taken away, with the reason.
type Left struct {
	Path string
	Err  error
}

// Take takes a name away: into the store, or in place under another name, or for good where
// the file system has no room for a name. number is different for each call.
func (t Taker) Take(n Name, number int) (Back, error) {
	dir, err := n.folder()
	if err != nil {
		return Back{}, err
	}
	defer dir.Close()
	base, unique := filepath.Base(n.Path), fmt.Sprintf("%s-%d", t.Suffix, number)
	if _, err := dir.Lstat(base); err != nil {
		return Back{}, err
	}
	if now, err := t.Store.put(dir, base, n.Path); err == nil {
		return Back{n.Path, now}, nil
	}
	// A long name has no room for more, and a command that has seen a suffix can make the next.
	for _, to := range []string{base + unique, unique, base + unique + "-" + fresh(), unique + "-" + fresh()} {
		if err = renameIn(dir, base, to); err == nil {
			return Back{n.Path, filepath.Join(filepath.Dir(n.Path), to)}, nil
		}
	}
	if noRoom(err) && remove(dir, base) == nil {
		return Back{n.Path, ""}, nil
	}
	return Back{}, err
}

// fresh returns an end of a name that no command can guess.
func fresh() string { return strings.ToLower(rand.Text()[:8]) }

// noRoom reports whether the file system has no room for another name.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.ENAMETOOLONG)
}

// Rename renames a name in its folder: a suffix comes behind the name.
func Rename(n Name, suffix string) error {
	dir, err := n.folder()
	if err != nil {
		return err
	}
	defer dir.Close()
	return renameIn(dir, filepath.Base(n.Path), filepath.Base(n.Path)+suffix)
}

// Keep moves what the init has renamed into the store. What can't be moved stays.
func (t Taker) Keep(n Name, b Back) Back {
	dir, err := n.folder()
	if err != nil {
		return b
	}
	defer dir.Close()
	if now, err := t.Store.put(dir, filepath.Base(b.Now), b.Path); err == nil {
		b.Now = now
	}
	return b
}

// openFolder opens a folder below a root, as the survey found the folder: over no link. A
// folder that was closed to its owner is opened: a command may have closed the folder.
func openFolder(root, dir string, id trail.ID) (*os.Root, error) {
	at, err := os.OpenRoot(root)
	if errors.Is(err, fs.ErrPermission) {
		if info, statErr := os.Lstat(root); statErr == nil && info.IsDir() && os.Chmod(root, info.Mode().Perm()|0o700) == nil {
			at, err = os.OpenRoot(root)
		}
	}
	if err != nil {
		return nil, err
	}
	rel := strings.TrimPrefix(strings.TrimPrefix(dir, strings.TrimSuffix(root, string(filepath.Separator))), string(filepath.Separator))
	for name := range strings.SplitSeq(rel, string(filepath.Separator)) {
		if name == "" {
			continue
		}
		next, err := step(at, name)
		at.Close()
		if err != nil {
			return nil, err
		}
		at = next
	}
	info, err := at.Stat(".")
	if err == nil && id != (trail.ID{}) && trail.IDOf(info) != id {
		err = errMoved
	}
	if err != nil {
		at.Close()
		return nil, err
	}
	return at, nil
}

// step opens a folder in a folder, unless a link is there.
func step(at *os.Root, name string) (*os.Root, error) {
	before, err := at.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.IsDir() {
		return nil, errMoved
	}
	next, err := at.OpenRoot(name)
	if errors.Is(err, fs.ErrPermission) && at.Chmod(name, before.Mode().Perm()|0o700) == nil {
		next, err = at.OpenRoot(name)
	}
	if err != nil {
		var errno syscall.Errno
		if errors.As(err, &errno) && errno != syscall.ELOOP && errno != syscall.ENOTDIR {
			return nil, err
		}
		return nil, errMoved // a link has taken the place since
	}
	if after, err := next.Stat("."); err != nil || !os.SameFile(before, after) {
		next.Close()
		return nil, errMoved
	}
	return next, nil
}

// opened calls do again with a folder open to writing, if the folder was closed to it.
func opened(dir *os.Root, do func() error) error {
	err := do()
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if info, statErr := dir.Stat("."); statErr == nil && dir.Chmod(".", info.Mode().Perm()|0o300) == nil {
		err = do()
		_ = dir.Chmod(".", info.Mode().Perm())
	}
	return err
}

// renameIn renames a name in its folder, and replaces nothing.
func renameIn(dir *os.Root, from, to string) error {
	if _, err := dir.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return opened(dir, func() error { return dir.Rename(from, to) })
}

// remove removes what has no room for another name. A folder that can't be removed is
// closed to everybody, and its files go.
func remove(dir *os.Root, base string) error {
	err := opened(dir, func() error { return dir.RemoveAll(base) })
	if err == nil {
		return nil
	}
	info, statErr := dir.Lstat(base)
	if statErr != nil {
		return statErr
	}
	if info.IsDir() {
		_ = dir.Chmod(base, 0o700)
		if err = dir.RemoveAll(base); err != nil {
			_ = dir.Chmod(base, 0)
		}
	}
	return err
}

// Return gives a name that was taken back its own name again. Return replaces nothing.
func Return(n Name, b Back) error {
	dir, err := n.folder()
	if err != nil {
		return err
	}
	defer dir.Close()
	return renameIn(dir, filepath.Base(b.Now), filepath.Base(b.Path))
}

// restore writes the file of before.
func restore(n Name) error {
	if n.Before == "" {
		return nil
	}
	dir, err := n.folder()
	if err != nil {
		return err
	}
	defer dir.Close()
	f, err := dir.OpenFile(filepath.Base(n.Path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(n.Before)
	return errors.Join(err, f.Close())
}
