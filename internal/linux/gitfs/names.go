//go:build linux

package gitfs

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/gitdir"
)

func (s *Server) mkdir(path string, mode uint32) ([]byte, error) {
	if !s.rules.Place(path).Folder {
		return nil, s.denied("mkdir", path)
	}
	if err := s.in(path, func(dir int, base string) error { return unix.Mkdirat(dir, base, mode&0o777|0o700) }); err != nil {
		return nil, err
	}
	st, err := s.stat(path)
	if err != nil {
		return nil, err
	}
	return s.entry(path, &st), nil
}

// mknod makes an empty file; devices, FIFOs and sockets are never made.
func (s *Server) mknod(path string, mode uint32) ([]byte, error) {
	p := s.rules.Place(path)
	if kind := mode & unix.S_IFMT; kind != unix.S_IFREG && kind != 0 || !p.File || !p.Class.InPlace() {
		return nil, s.denied("mknod", path)
	}
	fd, err := s.open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, mode&0o777|0o400)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if p.Lock {
		s.history.lock(path)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	return s.entry(path, &st), nil
}

// remove serves FUSE_UNLINK and FUSE_RMDIR.
func (s *Server) remove(path string, folder bool) error {
	p := s.rules.Place(path)
	switch {
	case folder && !p.Remove && p.Class != gitdir.ReadOnly:
		return unix.EROFS // git tries to remove every folder that may be empty
	case !folder && p.Class == gitdir.Object && !p.Remove:
		return s.stays(path)
	case !p.Remove || folder && !p.Folder:
		return s.denied("remove", path)
	}
	flag := 0
	if folder {
		flag = unix.AT_REMOVEDIR
	} else {
		if err := s.touchGone(path); err != nil {
			return err
		}
	}
	if err := s.in(path, func(dir int, base string) error { return unix.Unlinkat(dir, base, flag) }); err != nil {
		return err
	}
	s.history.unlock(path)
	s.nodes.detach(path)
	return nil
}

// stays answers git's wish to remove an object: git goes on, and the object stays, so that
// no history is lost.
func (s *Server) stays(path string) error {
	_, err := s.stat(path)
	return err
}

// tryLink makes the link by which git tries a new git directory, and no other.
func (s *Server) tryLink(path, target string) ([]byte, error) {
	if !s.rules.MayTryLink(path, target) {
		return nil, s.denied("symlink", path)
	}
	if err := s.in(path, func(dir int, base string) error { return unix.Symlinkat(target, dir, base) }); err != nil {
		return nil, err
	}
	st, err := s.stat(path)
	if err != nil {
		return nil, err
	}
	return s.entry(path, &st), nil
}

// link gives an object its final name.
func (s *Server) link(old *node, to string) ([]byte, error) {
	if old == nil {
		return nil, unix.ESTALE
	}
	from, there := s.nodes.at(old)
	if !there || !s.rules.MayLink(from, to) {
		return nil, s.denied("link", to)
	}
	err := s.in(from, func(fromDir int, fromBase string) error {
		return s.in(to, func(toDir int, toBase string) error {
			return unix.Linkat(fromDir, fromBase, toDir, toBase, 0)
		})
	})
	if err != nil {
		return nil, err
	}
	st, err := s.stat(to)
	if err != nil {
		return nil, err
	}
	return s.entry(to, &st), nil
}

// renameTo reads the rest of a FUSE_RENAME.
func (s *Server) renameTo(dir string, target uint64, in message, at int, flags uint32) error {
	to := s.nodes.get(target)
	if to == nil {
		return unix.ESTALE
	}
	from := in.name(at)
	toDir, _ := s.nodes.at(to)
	return s.rename(join(dir, from), join(toDir, in.name(at+len(from)+1)), flags)
}

func (s *Server) rename(from, to string, flags uint32) error {
	if flags&^unix.RENAME_NOREPLACE != 0 {
		return unix.EINVAL
	}
	st, err := s.stat(from)
	if err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		if !s.rules.MayRenameFolder(from, to) {
			return s.denied("rename", to)
		}
		if err := s.move(from, to, flags); err != nil {
			return err
		}
		s.nodes.moveFolder(from, to)
		return nil
	case unix.S_IFREG:
		if !s.rules.MayRename(from, to) {
			return s.denied("rename", to)
		}
		return s.renameFile(from, to, flags, st.Mode)
	}
	return s.denied("rename", to)
}

// renameFile moves a file to a name, or places a copy of its content, if the name is a
// checked one.
func (s *Server) renameFile(from, to string, flags uint32, mode uint32) error {
	c := s.rules.Class(to)
	if was, err := s.stat(to); err == nil {
		switch {
		case flags&unix.RENAME_NOREPLACE != 0:
			return unix.EEXIST
		case !c.MayReplace(): // an object, whose name names the content
			return s.remove(from, false)
		case was.Mode&unix.S_IFMT != unix.S_IFREG:
			return s.denied("rename", to)
		}
	}
	if c == gitdir.Summary && !s.rules.Place(to).Fresh && isDerived(to) {
		return s.remove(from, false)
	}
	if c.Checked() {
		return s.place(from, to, mode)
	}
	if err := s.keep(to); err != nil {
		return err
	}
	if err := s.move(from, to, flags); err != nil {
		return err
	}
	s.history.unlock(from)
	s.nodes.move(from, to)
	return nil
}

// isDerived reports whether git believes what a summary says about objects, and makes the
// summary again when it wants one: a false summary would hide commits from git on the host.
func isDerived(path string) bool {
	_, base := split(path)
	return strings.HasPrefix(base, "commit-graph") || strings.HasPrefix(base, "graph-") || strings.HasPrefix(base, "multi-pack-index")
}

// mostOf is the most content of a class of checked files, in bytes.
func mostOf(c gitdir.Class) int64 {
	switch c {
	case gitdir.Index, gitdir.SharedIndex, gitdir.PackedRefs:
		return mostContent
	}
	return mostDraft
}

// place copies a file to a checked name, and removes the file.
func (s *Server) place(from, to string, mode uint32) error {
	most := mostOf(s.rules.Class(to))
	content, err := s.content(from, most)
	if err != nil {
		return err
	}
	old, err := s.content(to, most)
	if err != nil {
		return err
	}
	if err := s.rules.Check(to, content, old); err != nil {
		return s.refused(to, err)
	}
	s.touch(to, old, content)
	switch s.rules.Class(to) {
	case gitdir.Index:
		content = gitdir.NormalIndex(content, s.hash)
	case gitdir.Emptied:
		content = nil
	}
	if err := s.put(to, content, mode); err != nil {
		return err
	}
	s.history.unlock(from)
	s.nodes.detach(to)
	s.nodes.detach(from)
	return s.in(from, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
}

func (s *Server) move(from, to string, flags uint32) error {
	return s.in(from, func(fromDir int, fromBase string) error {
		return s.in(to, func(toDir int, toBase string) error {
			return unix.Renameat2(fromDir, fromBase, toDir, toBase, uint(flags))
		})
	})
}

// openFolder lists a folder as it is at the open.
func (s *Server) openFolder(n *node, path string) ([]byte, error) {
	if s.handles.full() {
		return nil, unix.ENFILE
	}
	list, err := s.list(path)
	if err != nil {
		return nil, err
	}
	h := &handle{fd: -1, node: n, list: list}
	if !s.handles.hasRoom(h) {
		return nil, unix.ENFILE
	}
	return opened(s.handles.add(h), 0), nil
}

// readdir answers with the entries from an offset on.
func readdir(h *handle, offset uint64, size int) []byte {
	var b []byte
	for i := offset; ; i++ {
		name, kind := "", uint32(unix.DT_DIR)
		switch {
		case i == 0:
			name = "."
		case i == 1:
			name = ".."
		case i-2 < uint64(len(h.list)):
			e := h.list[i-2]
			name, kind = e.Name(), kindOf(e.Type())
		default:
			return b
		}
		if len(b)+direntLength(name) > size {
			return b
		}
		if len(name) < len(unfinished) || name[:len(unfinished)] != unfinished {
			b = appendDirent(b, name, rootID, i+1, kind) // stat gives the real number
		}
	}
}

func kindOf(mode fs.FileMode) uint32 {
	switch {
	case mode.IsDir():
		return unix.DT_DIR
	case mode.IsRegular():
		return unix.DT_REG
	case mode&fs.ModeSymlink != 0:
		return unix.DT_LNK
	}
	return unix.DT_UNKNOWN
}
