//go:build linux

package gitfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/gitdir"
)

// Folder is a git directory on the host. The methods are the only functions that take
// paths of the git directory to the host's files: no path leaves the directory, and no
// link is followed (openat2(2)).
type Folder struct {
	root  int // the directory (O_PATH)
	rules *gitdir.Rules
	hash  int // bytes of an object name: 20 or 32
}

// Look looks at a git directory before a start: its format, the git directories inside,
// and the index. workspace is the folder of the commands; own is the part of
// the workspace, if the workspace is a linked worktree ("worktrees/N"); given are the protected names that the user has given up. A Server takes the Folder, or
// the caller must Close it.
func Look(workspace, dir, own string, given []string) (*Folder, error) {
	root, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	f := &Folder{root: root}
	if err := f.look(workspace, dir, own, given); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close frees the Folder.
func (f *Folder) Close() { unix.Close(f.root) }

func (f *Folder) look(workspace, dir, own string, given []string) error {
	config, err := f.content("config", mostDraft)
	if err != nil {
		return &os.PathError{Op: "read", Path: filepath.Join(dir, "config"), Err: err}
	}
	format, err := gitdir.ReadFormat(config)
	if err != nil {
		return err
	}
	f.hash = format.HashSize
	older, err := f.inner()
	if err != nil {
		return fmt.Errorf("the git directories inside %s: %w", dir, err)
	}
	facts := gitdir.Facts{Workspace: workspace, GitDir: dir, HashSize: format.HashSize, Own: own, Given: given, Older: older, Shared: f.shared}
	f.rules = gitdir.New(facts)
	list, err := f.list(own)
	if err != nil {
		return err
	}
	for _, e := range list {
		if name := join(own, e.Name()); e.Name() == "index" || strings.HasPrefix(e.Name(), "sharedindex.") {
			content, err := f.content(name, mostContent)
			if err != nil {
				return &os.PathError{Op: "read", Path: filepath.Join(dir, name), Err: err}
			}
			// An index that can't be read has no entries that the command may keep.
			_ = f.rules.Know(name, content)
		}
	}
	return nil
}

// shared returns a shared index, nil for none.
func (f *Folder) shared(path string) []byte {
	content, err := f.content(path, mostContent)
	if err != nil {
		return nil
	}
	return content
}

// mostInner bounds the walk for git directories inside, in folders.
const mostInner = 10_000

// inner lists the git directories inside: linked worktrees, and modules at any depth. A
// folder that can't be read is an error: to the rules an unknown git directory is new, and
// a command may change all in a new one.
func (f *Folder) inner() (out []string, err error) {
	folders := 0
	var modules func(dir string) error
	modules = func(dir string) error {
		if folders++; folders > mostInner {
			return fmt.Errorf("modules has more than %d folders", mostInner)
		}
		entries, err := f.inside(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() {
				continue
			}
			at := join(dir, e.Name())
			below := at
			if st, err := f.stat(at + "/HEAD"); err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG {
				out = append(out, at)
				below += "/modules"
			}
			if err := modules(below); err != nil {
				return err
			}
		}
		return nil
	}
	worktrees, err := f.inside("worktrees")
	if err != nil {
		return nil, err
	}
	for _, e := range worktrees {
		out = append(out, "worktrees/"+e.Name())
	}
	return out, modules("modules")
}

// inside reads a folder, which may be absent.
func (f *Folder) inside(dir string) ([]os.DirEntry, error) {
	entries, err := f.list(dir)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return nil, nil
	case err != nil:
		return nil, &os.PathError{Op: "read", Path: dir, Err: err}
	}
	return entries, nil
}

// list reads a folder.
func (f *Folder) list(path string) ([]os.DirEntry, error) {
	fd, err := f.open(path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	folder := os.NewFile(uintptr(fd), "folder")
	defer folder.Close()
	return folder.ReadDir(-1)
}

// open opens a path.
func (f *Folder) open(path string, flags int, mode uint32) (int, error) {
	if path == "" {
		path = "."
	}
	how := unix.OpenHow{
		Flags: uint64(flags | unix.O_CLOEXEC | unix.O_NOFOLLOW), Mode: uint64(mode),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	for {
		fd, err := unix.Openat2(f.root, path, &how)
		if err != unix.EAGAIN && err != unix.EINTR { // EAGAIN: a rename elsewhere came in between
			return fd, err
		}
	}
}

// openFile opens a regular file, and never waits for a FIFO.
func (f *Folder) openFile(path string, flags int) (fd int, st unix.Stat_t, err error) {
	if fd, err = f.open(path, flags|unix.O_NONBLOCK, 0); err != nil {
		return -1, st, err
	}
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = unix.EACCES
	}
	if err != nil {
		unix.Close(fd)
		return -1, st, err
	}
	return fd, st, nil
}

// in calls call with the folder of a path and the name in the folder.
func (f *Folder) in(path string, call func(dir int, base string) error) error {
	folder, base := split(path)
	dir, err := f.open(folder, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return call(dir, base)
}

func (f *Folder) stat(path string) (st unix.Stat_t, err error) {
	if path == "" {
		return st, unix.Fstat(f.root, &st)
	}
	err = f.in(path, func(dir int, base string) error {
		return unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW)
	})
	return st, err
}

// mostContent is the most content of a checked file, in bytes.
const mostContent = 256 << 20

// content reads a whole regular file; nil and no error for an absent file.
func (f *Folder) content(path string, most int64) ([]byte, error) {
	fd, st, err := f.openFile(path, unix.O_RDONLY)
	if err == unix.ENOENT {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return readAll(fd, st.Size, most)
}

// readAll reads a file of a size, and one byte more: a file that grows meanwhile is an
// error.
func readAll(fd int, size, most int64) ([]byte, error) {
	if size > most {
		return nil, unix.EFBIG
	}
	b := make([]byte, size+1)
	n := 0
	for n < len(b) {
		k, err := unix.Pread(fd, b[n:], int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if k == 0 {
			return b[:n], nil
		}
		n += k
	}
	return nil, unix.EAGAIN
}

// unfinished begins the name of a file that is being placed. No command can make or see
// such a name: git's names have no tilde.
const unfinished = ".lockstile~"

// mostBase is how many bytes of a name follow unfinished: a name may have 255 bytes. One file
// is placed at a time.
const mostBase = 200

// put writes a new file and renames it to path: the bytes that were looked at are the
// bytes that are placed, and nobody else has the new file open.
func (f *Folder) put(path string, content []byte, mode uint32) error {
	return f.in(path, func(dir int, base string) error {
		name := unfinished + base[:min(len(base), mostBase)]
		_ = unix.Unlinkat(dir, name, 0) // of a server that was killed
		fd, err := unix.Openat(dir, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode&0o777|0o200)
		if err != nil {
			return err
		}
		err = writeAll(fd, content)
		if err == nil && mode&0o200 == 0 {
			err = unix.Fchmod(fd, mode&0o777)
		}
		unix.Close(fd)
		if err == nil {
			err = unix.Renameat(dir, name, dir, base)
		}
		if err != nil {
			_ = unix.Unlinkat(dir, name, 0)
		}
		return err
	})
}

func writeAll(fd int, content []byte) error {
	for len(content) > 0 {
		n, err := unix.Write(fd, content)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}
