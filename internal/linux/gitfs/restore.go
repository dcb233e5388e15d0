//go:build linux

package gitfs

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/gitdir"
)

// Restore puts refs back to the values from before the moves, and logs that are gone, from
// the folder kept, which need not exist. skipped says, by the name of a ref, why a ref stays as it is: a ref that
// has moved since is never touched. Restore is for the host, when no command runs.
func (f *Folder) Restore(moves []gitdir.Move, kept string) (skipped map[string]string, err error) {
	skipped = map[string]string{}
	moves = slices.SortedStableFunc(slices.Values(moves), func(a, b gitdir.Move) int {
		return cmp.Compare(len(a.Old), len(b.Old)) // removals first: a new ref may lie in the way of an old one
	})
	read := packs{}                 // a ref is asked for once, and before any change of the ref
	packed := map[string][]string{} // the refs to remove from the packed refs, by git directory
	for _, m := range moves {
		now := f.refIn(m.Name, read)
		switch {
		case now == m.Old:
			continue
		case now != m.New:
			skipped[m.Name] = fmt.Sprintf("is %s by now", cmp.Or(now, "gone"))
			continue
		}
		if err := f.restore(m); err != nil {
			skipped[m.Name] = err.Error()
			continue
		}
		if m.Old == "" && f.packedRef(m.Name, read) != "" {
			dir, _ := commonOf(m.Name)
			packed[dir] = append(packed[dir], m.Name)
		}
	}
	for dir, names := range packed {
		if err := f.unpack(dir, names); err != nil {
			for _, name := range names {
				skipped[name] = err.Error()
			}
		}
	}
	return skipped, f.restoreLogs(kept)
}

// restore puts a ref back under git's own lock.
func (f *Folder) restore(m gitdir.Move) error {
	if err := f.makeFolders(m.Name); err != nil {
		return err
	}
	return f.locked(m.Name, func() error {
		if m.Old != "" {
			_ = f.in(m.Name, func(dir int, base string) error { return unix.Unlinkat(dir, base, unix.AT_REMOVEDIR) }) // an empty folder
			return f.put(m.Name, []byte(m.Old+"\n"), 0o644)
		}
		err := f.in(m.Name, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
		if err != nil && err != unix.ENOENT {
			return err
		}
		return nil
	})
}

// locked calls change while the file NAME.lock keeps git away.
func (f *Folder) locked(path string, change func() error) error {
	lock := path + ".lock"
	fd, err := f.open(lock, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o644)
	if err != nil {
		return &os.PathError{Op: "lock", Path: lock, Err: err}
	}
	unix.Close(fd)
	defer func() {
		_ = f.in(lock, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
	}()
	return change()
}

// unpack removes refs from the packed refs of a git directory.
func (f *Folder) unpack(dir string, paths []string) error {
	gone := map[string]bool{}
	for _, path := range paths {
		_, name := commonOf(path)
		gone[name] = true
	}
	packed := join(dir, "packed-refs")
	content, err := f.content(packed, mostContent)
	if err != nil || content == nil {
		return err
	}
	var out []byte
	removed := false
	for line := range bytes.Lines(content) {
		if !bytes.HasPrefix(line, []byte("^")) {
			_, of, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
			removed = line[0] != '#' && gone[of]
		}
		if !removed {
			out = append(out, line...)
		}
	}
	if len(out) == len(content) {
		return nil
	}
	return f.locked(packed, func() error { return f.put(packed, out, 0o644) })
}

// makeFolders makes the folders of a path.
func (f *Folder) makeFolders(path string) error {
	for i, c := range path {
		if c != '/' {
			continue
		}
		err := f.in(path[:i], func(dir int, base string) error { return unix.Mkdirat(dir, base, 0o755) })
		if err != nil && err != unix.EEXIST {
			return &os.PathError{Op: "mkdir", Path: path[:i], Err: err}
		}
	}
	return nil
}

// restoreLogs copies all kept logs back that are gone.
func (f *Folder) restoreLogs(kept string) error {
	logs := filepath.Join(kept, "logs")
	return filepath.WalkDir(logs, func(file string, entry fs.DirEntry, err error) error {
		if err != nil && file == logs {
			return nil // nothing was kept
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		path, err := filepath.Rel(kept, file)
		if err != nil {
			return err
		}
		return f.restoreLog(path, file)
	})
}

// restoreLog copies a kept log back, if the log is gone.
func (f *Folder) restoreLog(path, kept string) error {
	if _, err := f.stat(path); err != unix.ENOENT {
		return nil
	}
	content, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	if err := f.makeFolders(path); err != nil {
		return err
	}
	return f.put(path, content, 0o644)
}
