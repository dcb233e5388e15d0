//go:build linux

package gitfs

import (
	"strings"

	"golang.org/x/sys/unix"
)

// request serves one request.
func (s *Server) request(b []byte) {
	head := message(b)
	op, unique, id, in := head.u32(4), head.u64(8), head.u64(16), head[headerSize:]
	switch op {
	case opForget:
		s.nodes.forget(id, in.u64(0))
		return
	case opBatchForget:
		for i := range int(min(in.u32(0), mostWrite/16)) {
			s.nodes.forget(in.u64(8+16*i), in.u64(16+16*i))
		}
		return
	case opInterrupt:
		return // no request takes long
	case opInit:
		s.answer(unique, 0, initialise(in))
		return
	}
	n := s.nodes.get(id)
	if n == nil {
		s.answer(unique, unix.ESTALE, nil)
		return
	}
	out, err := s.ordered(op, n, in)
	errno := errnoOf(err)
	if errno != 0 {
		out = nil
	}
	s.answer(unique, errno, out)
}

func errnoOf(err error) unix.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(unix.Errno); ok {
		return errno
	}
	return unix.EIO
}

// ordered makes calls that decide by content or by name exclude all others.
func (s *Server) ordered(op uint32, n *node, in message) ([]byte, error) {
	switch op {
	case opSetattr, opUnlink, opRmdir, opRename, opRename2, opLink, opOpen, opCreate, opFlush, opMkdir, opMknod:
		s.order.Lock()
		defer s.order.Unlock()
	default:
		s.order.RLock()
		defer s.order.RUnlock()
	}
	return s.call(op, n, in)
}

// call makes one call. The numbers are offsets in the structs of linux/fuse.h.
func (s *Server) call(op uint32, n *node, in message) ([]byte, error) {
	path, there := s.nodes.at(n)
	switch op {
	case opLookup:
		return s.lookup(path, in.name(0))
	case opGetattr:
		return s.attributes(n, s.handleIf(in.u32(0)&1 != 0, in.u64(8)))
	case opSetattr:
		return s.change(n, in)
	case opReadlink:
		return s.readlink(path)
	case opMkdir:
		return s.mkdir(join(path, in.name(8)), in.u32(0))
	case opMknod:
		return s.mknod(join(path, in.name(16)), in.u32(0))
	case opUnlink, opRmdir:
		return nil, s.remove(join(path, in.name(0)), op == opRmdir)
	case opRename:
		return nil, s.renameTo(path, in.u64(0), in, 8, 0)
	case opRename2:
		return nil, s.renameTo(path, in.u64(0), in, 16, in.u32(8))
	case opLink:
		return s.link(s.nodes.get(in.u64(0)), join(path, in.name(8)))
	case opOpen:
		if !there {
			return nil, unix.ENOENT
		}
		return s.openNode(n, path, int(in.u32(0)))
	case opCreate:
		return s.create(join(path, in.name(16)), int(in.u32(0)), in.u32(4))
	case opSymlink:
		return s.tryLink(join(path, in.name(0)), in.name(len(in.name(0))+1))
	case opTmpfile:
		return nil, unix.EOPNOTSUPP
	case opSetxattr, opRemovexattr:
		return nil, s.denied("attribute", path)
	case opStatfs:
		return s.statfs()
	case opOpendir:
		return s.openFolder(n, path)
	}
	return s.callHandle(op, in)
}

// callHandle makes a call about an open file.
func (s *Server) callHandle(op uint32, in message) ([]byte, error) {
	h := s.handles.get(in.u64(0))
	switch op {
	case opRelease, opReleasedir:
		s.handles.release(in.u64(0))
		return nil, nil
	case opRead, opWrite, opReaddir, opFlush, opFsync, opFsyncdir:
		if h == nil {
			return nil, unix.EBADF
		}
	}
	switch op {
	case opRead:
		return s.read(h, in.u64(8), min(in.u32(16), 1<<20))
	case opWrite:
		return s.write(h, in.u64(8), in.data(40, in.u32(16)))
	case opReaddir:
		return readdir(h, in.u64(8), int(min(in.u32(16), 1<<20))), nil
	case opFlush:
		return nil, s.flush(h)
	case opFsync, opFsyncdir:
		if h.fd >= 0 && h.draft == nil {
			return nil, unix.Fsync(h.fd)
		}
		return nil, nil
	}
	return nil, unix.ENOSYS
}

// denied counts a refused act, and returns the error: the error of a read-only file
// system.
func (s *Server) denied(what, path string) error {
	s.count.Add(1)
	if s.begun.Load() {
		s.history.deny(path, what)
	}
	return unix.EROFS
}

func (s *Server) handleIf(given bool, id uint64) *handle {
	if !given {
		return nil
	}
	return s.handles.get(id)
}

// ProbeName is a name that the Server alone answers: making a file of the name fails with
// ProbeErrno, which no real file system returns for it. The trial shows that the file
// system is ours.
const (
	ProbeName  = ".lockstile-probe"
	ProbeErrno = unix.ENOANO
)

func (s *Server) lookup(dir, name string) ([]byte, error) {
	path := join(dir, name)
	if strings.HasPrefix(name, unfinished) {
		return nil, unix.ENOENT
	}
	st, err := s.stat(path)
	if err != nil {
		return nil, err
	}
	return s.entry(path, &st), nil
}

// entry tells the kernel a name.
func (s *Server) entry(path string, st *unix.Stat_t) []byte {
	return entry(s.nodes.remember(path).id, known(path, st), st)
}

// known is for how many seconds the kernel may keep a name without asking. Objects never
// change, and git takes the large folders away on no side. The host may change all else at
// any time.
func known(path string, st *unix.Stat_t) uint64 {
	folder := st.Mode&unix.S_IFMT == unix.S_IFDIR
	top, rest, deep := strings.Cut(path, "/")
	switch {
	case top == "objects" && (folder || deep && !strings.HasPrefix(rest, "info/") && !strings.Contains(rest, "tmp_") && !strings.HasSuffix(rest, ".lock")),
		folder && (path == "" || path == "refs" || path == "logs" || path == "info" || path == "hooks" || strings.HasPrefix(path, "refs/heads") || strings.HasPrefix(path, "refs/tags")):
		return 1
	}
	return 0
}

func (s *Server) readlink(path string) ([]byte, error) {
	b := make([]byte, unix.PathMax)
	n := 0
	err := s.in(path, func(dir int, base string) (err error) {
		n, err = unix.Readlinkat(dir, base, b)
		return err
	})
	return b[:max(n, 0)], err
}

func (s *Server) statfs() ([]byte, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(s.root, &st); err != nil {
		return nil, err
	}
	var b []byte
	for _, v := range []uint64{st.Blocks, st.Bfree, st.Bavail, st.Files, st.Ffree} {
		b = appendU64(b, v)
	}
	for _, v := range []uint32{uint32(st.Bsize), 255, uint32(st.Frsize)} {
		b = appendU32(b, v)
	}
	return append(b, make([]byte, 80-len(b))...), nil // struct fuse_kstatfs
}
