//go:build linux

package gitfs

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/gitdir"
)

func appendU64(b []byte, v uint64) []byte { return binary.NativeEndian.AppendUint64(b, v) }
func appendU32(b []byte, v uint32) []byte { return binary.NativeEndian.AppendUint32(b, v) }

// openNode opens a file that is there.
func (s *Server) openNode(n *node, path string, flags int) ([]byte, error) {
	if s.handles.full() {
		return nil, unix.ENFILE
	}
	if flags&unix.O_ACCMODE == unix.O_RDONLY && flags&unix.O_TRUNC == 0 {
		fd, _, err := s.openFile(path, unix.O_RDONLY)
		if err != nil {
			return nil, err
		}
		return s.opened(&handle{fd: fd, node: n}, path), nil
	}
	c := s.rules.Class(path)
	switch {
	case c.Draft():
		return s.openDraft(n, path, flags)
	case !c.InPlace():
		return nil, s.denied("write", path)
	}
	access := unix.O_RDWR
	if flags&unix.O_ACCMODE == unix.O_WRONLY {
		access = unix.O_WRONLY
	}
	if c == gitdir.Log {
		flags |= unix.O_APPEND
	}
	fd, st, err := s.openFile(path, access|flags&unix.O_APPEND)
	if err != nil {
		return nil, err
	}
	switch {
	case st.Nlink > 1, // the other name may lie anywhere
		c == gitdir.Log && flags&unix.O_TRUNC != 0 && st.Size > 0:
		err = s.denied("write", path)
	case flags&unix.O_TRUNC != 0:
		err = unix.Ftruncate(fd, 0)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return s.opened(&handle{fd: fd, node: n}, path), nil
}

// openDraft opens a file whose content is placed at the close.
func (s *Server) openDraft(n *node, path string, flags int) ([]byte, error) {
	fd, st, err := s.openFile(path, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	d := &draft{dirty: flags&unix.O_TRUNC != 0}
	if !d.dirty {
		if d.content, err = readAll(fd, st.Size, mostDraft); err != nil {
			unix.Close(fd)
			return nil, err
		}
	}
	h := &handle{fd: fd, node: n, draft: d}
	if !s.handles.hasRoom(h) {
		unix.Close(fd)
		return nil, unix.ENFILE
	}
	return s.opened(h, path), nil
}

// opened tells the kernel a handle. Objects never change: the kernel keeps what was read.
func (s *Server) opened(h *handle, path string) []byte {
	flags := uint32(0)
	if h.draft == nil {
		flags |= noFlush
	}
	if s.rules.Class(path) == gitdir.Object {
		flags |= keepCache
	}
	return opened(s.handles.add(h), flags)
}

// commonDir is the only content of a new commondir, and stands there from the beginning.
const commonDir = "../..\n"

// create makes a file and opens it.
func (s *Server) create(path string, flags int, mode uint32) ([]byte, error) {
	if path == ProbeName && !s.begun.Load() {
		s.count.Add(1)
		return nil, ProbeErrno
	}
	p := s.rules.Place(path)
	// A clone writes to the final names.
	fresh := flags&unix.O_EXCL != 0 && (p.Class == gitdir.Object || p.Class == gitdir.Summary && p.Fresh)
	switch {
	case !p.File || !p.Class.InPlace() && !p.Class.Draft() && !fresh:
		return nil, s.denied("create", path)
	case s.handles.full(), p.Class.Draft() && !s.handles.hasRoom(&handle{draft: &draft{}}):
		return nil, unix.ENFILE
	}
	access := unix.O_RDWR
	if flags&unix.O_ACCMODE == unix.O_WRONLY && !p.Class.Draft() {
		access = unix.O_WRONLY
	}
	mode = mode&0o777 | 0o400
	if !fresh {
		mode |= 0o200 // git on the host writes the file too
	}
	fd, err := s.open(path, unix.O_CREAT|unix.O_EXCL|access|flags&unix.O_APPEND, mode)
	if err == unix.EEXIST && flags&unix.O_EXCL == 0 { // the host was quicker
		return s.createAgain(path, flags)
	}
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && p.Class == gitdir.CommonDir {
		err = writeAll(fd, []byte(commonDir)) // even for a moment nothing else stands there
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	if p.Lock {
		s.history.lock(path)
	}
	out := s.entry(path, &st)
	h := &handle{fd: fd, node: s.nodes.get(message(out).u64(0)), fresh: fresh}
	if p.Class.Draft() {
		h.draft = &draft{dirty: true}
	}
	return append(out, s.opened(h, path)...), nil
}

// createAgain opens a file that came between the look and the open.
func (s *Server) createAgain(path string, flags int) ([]byte, error) {
	st, err := s.stat(path)
	if err != nil {
		return nil, err
	}
	out := s.entry(path, &st)
	handle, err := s.openNode(s.nodes.get(message(out).u64(0)), path, flags)
	if err != nil {
		s.nodes.forget(message(out).u64(0), 1)
		return nil, err
	}
	return append(out, handle...), nil
}

func (s *Server) read(h *handle, offset uint64, size uint32) ([]byte, error) {
	if h.draft != nil {
		return h.draft.read(offset, size), nil
	}
	if h.fd < 0 {
		return nil, unix.EISDIR
	}
	b := make([]byte, size)
	n, err := unix.Pread(h.fd, b, int64(offset))
	return b[:max(n, 0)], err
}

func (s *Server) write(h *handle, offset uint64, data []byte) ([]byte, error) {
	n := len(data)
	switch {
	case h.draft != nil:
		if err := h.draft.write(data, offset); err != nil {
			return nil, err
		}
	case h.fd < 0:
		return nil, unix.EISDIR
	case !s.stillInPlace(h):
		return nil, s.denied("write", h.node.path)
	default:
		var err error
		if n, err = unix.Pwrite(h.fd, data, int64(offset)); err != nil {
			return nil, err
		}
	}
	return appendU32(appendU32(nil, uint32(n)), 0), nil
}

// stillInPlace reports whether an open file may be written: it may have a checked name by
// now. A file without a name may be written, as nobody can find it.
func (s *Server) stillInPlace(h *handle) bool {
	path, there := s.nodes.at(h.node)
	return h.fresh || !there || s.rules.Class(path).InPlace()
}

// flush places a draft: a close waits for the answer.
func (s *Server) flush(h *handle) error {
	if h.draft == nil {
		return nil
	}
	content, dirty := h.draft.take()
	path, there := s.nodes.at(h.node)
	if !dirty || !there {
		return nil
	}
	old, err := s.content(path, mostDraft)
	if err != nil {
		return err
	}
	if err := s.rules.Check(path, content, old); err != nil {
		return s.refused(path, err)
	}
	s.touch(path, old, content)
	return s.put(path, content, 0o644)
}

// refused counts content that may not stand at a path.
func (s *Server) refused(path string, why error) error {
	return s.denied(why.Error(), path)
}

// attributes answers with a file's attributes; h is nil without an open file.
func (s *Server) attributes(n *node, h *handle) ([]byte, error) {
	path, there := s.nodes.at(n)
	var st unix.Stat_t
	var err error
	switch {
	case h != nil && h.fd >= 0:
		err = unix.Fstat(h.fd, &st)
	case !there:
		err = unix.ENOENT
	default:
		st, err = s.stat(path)
	}
	if err != nil {
		return nil, err
	}
	if h != nil && h.draft != nil {
		st.Size = int64(h.draft.size())
	}
	return appendAttr(appendU64(appendU64(nil, known(path, &st)), 0), &st), nil
}

// change serves FUSE_SETATTR.
func (s *Server) change(n *node, in message) ([]byte, error) {
	valid := in.u32(0)
	h := s.handleIf(valid&byHandle != 0, in.u64(8))
	path, there := s.nodes.at(n)
	if err := s.mayChange(h, path, there, valid, in.u32(68)); err != nil {
		return nil, err
	}
	if valid&setMode != 0 {
		st, err := s.stat(path)
		if err == nil && locksOut(&st, in.u32(68), s.rules.Class(path)) {
			err = s.denied("change", path)
		}
		if err != nil {
			return nil, err
		}
	}
	if valid&setSize != 0 {
		if err := s.resize(h, path, in.u64(16)); err != nil {
			return nil, err
		}
	}
	if valid&(setMode|setTimes) != 0 {
		fd, err := s.open(path, unix.O_PATH, 0)
		if err != nil {
			return nil, err
		}
		defer unix.Close(fd)
		if err := changeFile("/proc/self/fd/"+strconv.Itoa(fd), valid, in); err != nil {
			return nil, err
		}
	}
	return s.attributes(n, h)
}

// locksOut reports whether a mode would keep the user from the user's own file, or let
// others write a folder.
func locksOut(st *unix.Stat_t, mode uint32, c gitdir.Class) bool {
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return mode&0o700 != 0o700 || mode&0o022&^st.Mode != 0
	}
	return mode&0o400 == 0 || c == gitdir.Log && mode&0o200 == 0
}

// mayChange reports why attributes may not be changed.
func (s *Server) mayChange(h *handle, path string, there bool, valid, mode uint32) error {
	p := s.rules.Place(path)
	c := p.Class
	own := h != nil && h.fresh || c.InPlace()
	switch {
	case p.Fresh && c == gitdir.Config && valid&^(setTimes|byHandle) == setMode && mode&0o7000 == 0:
		return nil // "git init" tries modes at the new configuration
	case !there:
		return unix.ENOENT
	case valid&setOwners != 0, c == gitdir.ReadOnly, valid&setMode != 0 && (!own || mode&0o7000 != 0):
		return s.denied("change", path)
	case valid&setTimes != 0 && !own && !c.Draft() && c != gitdir.Object && c != gitdir.Summary: // git touches objects that are needed again
		return s.denied("change", path)
	case valid&setSize != 0 && !own && !c.Draft(), valid&setSize != 0 && c == gitdir.Log:
		return s.denied("change", path)
	}
	return nil
}

func (s *Server) resize(h *handle, path string, size uint64) error {
	switch {
	case h != nil && h.draft != nil:
		return h.draft.resize(size)
	case s.rules.Class(path).Draft():
		return s.denied("change", path)
	case size > 1<<62:
		return unix.EFBIG
	}
	fd, st, err := s.openFile(path, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if st.Nlink > 1 {
		return s.denied("change", path)
	}
	return unix.Ftruncate(fd, int64(size))
}

// changeFile sets mode and times of a file by its descriptor.
func changeFile(file string, valid uint32, in message) error {
	if valid&setMode != 0 {
		if err := unix.Chmod(file, in.u32(68)&0o777); err != nil {
			return err
		}
	}
	if valid&setTimes == 0 {
		return nil
	}
	at := func(given, now uint32, seconds, nanoseconds int) unix.Timespec {
		switch {
		case valid&now != 0:
			return unix.Timespec{Nsec: unix.UTIME_NOW}
		case valid&given != 0:
			return unix.Timespec{Sec: int64(in.u64(seconds)), Nsec: int64(in.u32(nanoseconds)) % 1e9}
		}
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	}
	times := []unix.Timespec{at(setAtime, atimeNow, 32, 56), at(setMtime, mtimeNow, 40, 60)}
	return unix.UtimesNanoAt(unix.AT_FDCWD, file, times, 0)
}
