//go:build linux

package gitfs

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The requests of the kernel (linux/fuse.h).
const (
	opLookup      = 1
	opForget      = 2
	opGetattr     = 3
	opSetattr     = 4
	opReadlink    = 5
	opSymlink     = 6
	opMknod       = 8
	opMkdir       = 9
	opUnlink      = 10
	opRmdir       = 11
	opRename      = 12
	opLink        = 13
	opOpen        = 14
	opRead        = 15
	opWrite       = 16
	opStatfs      = 17
	opRelease     = 18
	opFsync       = 20
	opSetxattr    = 21
	opRemovexattr = 24
	opFlush       = 25
	opInit        = 26
	opOpendir     = 27
	opReaddir     = 28
	opReleasedir  = 29
	opFsyncdir    = 30
	opCreate      = 35
	opInterrupt   = 36
	opBatchForget = 42
	opRename2     = 45
	opTmpfile     = 51
)

// Sizes of structs in linux/fuse.h, in bytes.
const (
	headerSize = 40 // fuse_in_header
	answerSize = 16 // fuse_out_header
	entrySize  = 40 // fuse_entry_out without the attributes
	attrSize   = 88
	initSize   = 64
	direntSize = 24
)

// The flags of FUSE_INIT that are asked for.
const (
	asyncRead        = 1 << 0
	atomicTruncate   = 1 << 3 // O_TRUNC comes with the open, and not before as a change of the size
	bigWrites        = 1 << 5
	autoInvalidate   = 1 << 12
	parallelDirOps   = 1 << 18
	maxPages         = 1 << 22
	minorVersion     = 38
	pageSize         = 4096
	mostBackground   = 64
	congestionBorder = 48
)

// The flags of an answer to an open.
const (
	keepCache = 1 << 1
	noFlush   = 1 << 5
)

// The fields of a FUSE_SETATTR.
const (
	setMode   = 1 << 0
	setUID    = 1 << 1
	setGID    = 1 << 2
	setSize   = 1 << 3
	setAtime  = 1 << 4
	setMtime  = 1 << 5
	byHandle  = 1 << 6
	atimeNow  = 1 << 7
	mtimeNow  = 1 << 8
	setTimes  = setAtime | setMtime | atimeNow | mtimeNow
	setOwners = setUID | setGID
)

// message reads the fields of a request. A field beyond the end is 0: the kernel writes
// whole requests, and a short one must not end us.
type message []byte

func (m message) u16(at int) uint16 {
	if at+2 > len(m) {
		return 0
	}
	return binary.NativeEndian.Uint16(m[at:])
}

func (m message) u32(at int) uint32 {
	if at+4 > len(m) {
		return 0
	}
	return binary.NativeEndian.Uint32(m[at:])
}

func (m message) u64(at int) uint64 {
	if at+8 > len(m) {
		return 0
	}
	return binary.NativeEndian.Uint64(m[at:])
}

// name returns the text up to a NUL byte.
func (m message) name(at int) string {
	if at >= len(m) {
		return ""
	}
	for i, c := range m[at:] {
		if c == 0 {
			return string(m[at : at+i])
		}
	}
	return string(m[at:])
}

// data returns up to n bytes.
func (m message) data(at int, n uint32) []byte {
	if at >= len(m) {
		return nil
	}
	return m[at:min(len(m), at+int(n))]
}

// answer writes the answer to a request. A failure means that nobody waits any more.
func (s *Server) answer(unique uint64, errno unix.Errno, body []byte) {
	head := make([]byte, 0, answerSize)
	head = binary.NativeEndian.AppendUint32(head, uint32(answerSize+len(body)))
	head = binary.NativeEndian.AppendUint32(head, uint32(-int32(errno)))
	head = binary.NativeEndian.AppendUint64(head, unique)
	conn, err := s.device.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) {
		if len(body) == 0 {
			_, _ = unix.Write(int(fd), head)
		} else {
			_, _ = unix.Writev(int(fd), [][]byte{head, body})
		}
	})
}

// initialise answers FUSE_INIT.
func initialise(in message) []byte {
	out := make([]byte, initSize)
	binary.NativeEndian.PutUint32(out, 7)
	binary.NativeEndian.PutUint32(out[4:], min(in.u32(4), minorVersion))
	binary.NativeEndian.PutUint32(out[8:], in.u32(8)) // the read-ahead
	binary.NativeEndian.PutUint32(out[12:], in.u32(12)&(asyncRead|atomicTruncate|bigWrites|autoInvalidate|parallelDirOps|maxPages))
	binary.NativeEndian.PutUint16(out[16:], mostBackground)
	binary.NativeEndian.PutUint16(out[18:], congestionBorder)
	binary.NativeEndian.PutUint32(out[20:], mostWrite)
	binary.NativeEndian.PutUint32(out[24:], 1) // nanoseconds
	binary.NativeEndian.PutUint16(out[28:], mostWrite/pageSize)
	return out
}

// appendAttr writes a struct fuse_attr.
func appendAttr(b []byte, st *unix.Stat_t) []byte {
	for _, v := range []uint64{st.Ino, uint64(st.Size), uint64(st.Blocks), uint64(st.Atim.Sec), uint64(st.Mtim.Sec), uint64(st.Ctim.Sec)} {
		b = binary.NativeEndian.AppendUint64(b, v)
	}
	for _, v := range []uint32{uint32(st.Atim.Nsec), uint32(st.Mtim.Nsec), uint32(st.Ctim.Nsec), st.Mode, uint32(st.Nlink), st.Uid, st.Gid, 0, uint32(st.Blksize), 0} {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

// entry writes a struct fuse_entry_out: known is for how many seconds the kernel may keep
// the name and the attributes.
func entry(id, known uint64, st *unix.Stat_t) []byte {
	b := make([]byte, entrySize, entrySize+attrSize)
	binary.NativeEndian.PutUint64(b, id)
	binary.NativeEndian.PutUint64(b[16:], known)
	binary.NativeEndian.PutUint64(b[24:], known)
	return appendAttr(b, st)
}

// opened writes a struct fuse_open_out.
func opened(id uint64, flags uint32) []byte {
	b := binary.NativeEndian.AppendUint64(make([]byte, 0, 16), id)
	b = binary.NativeEndian.AppendUint32(b, flags)
	return append(b, 0, 0, 0, 0)
}

// appendDirent writes a struct fuse_dirent. next is the offset of the entry that follows.
func appendDirent(b []byte, name string, ino, next uint64, kind uint32) []byte {
	b = binary.NativeEndian.AppendUint64(b, ino)
	b = binary.NativeEndian.AppendUint64(b, next)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(name)))
	b = binary.NativeEndian.AppendUint32(b, kind)
	b = append(b, name...)
	return append(b, make([]byte, direntLength(name)-direntSize-len(name))...)
}

func direntLength(name string) int { return (direntSize + len(name) + 7) &^ 7 }
