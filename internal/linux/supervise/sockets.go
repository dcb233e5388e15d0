//go:build linux

package supervise

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// sockets asks the kernel for the Unix sockets of a network namespace (sock_diag(7)).
type sockets struct {
	fd  int // -1 when closed
	seq uint32
}

func (s *sockets) close() {
	unix.Close(s.fd)
	s.fd = -1
}

// The constants of request and answer (linux/unix_diag.h, linux/sock_diag.h).
const (
	sockDiagByFamily = 20
	showVFS          = 2
	attributeVFS     = 1
	stateListen      = 10
	requestSize      = 40
	headerSize       = 16 // struct nlmsghdr
	answerSize       = 16 // struct unix_diag_msg
)

// listens reports whether the file open as at is a socket that listens in the namespace.
// listens returns false on any failure.
func (s *sockets) listens(at int) bool {
	var stat unix.Stat_t
	if unix.Fstat(at, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFSOCK || stat.Ino>>32 != 0 {
		return false // the kernel reports only 32 bits of an inode's number
	}
	// The kernel's own form of a device number (MKDEV).
	device := unix.Major(stat.Dev)<<20 | unix.Minor(stat.Dev)
	found := false
	err := s.dump(func(inode, on uint32) {
		found = found || inode == uint32(stat.Ino) && on == device
	})
	return found && err == nil
}

// dump calls each for every listening socket with a name in the file system.
func (s *sockets) dump(each func(inode, device uint32)) error {
	s.seq++
	order := binary.NativeEndian
	request := make([]byte, requestSize)
	order.PutUint32(request, requestSize)
	order.PutUint16(request[4:], sockDiagByFamily)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	order.PutUint32(request[8:], s.seq)
	request[16] = unix.AF_UNIX
	order.PutUint32(request[20:], 1<<stateListen)
	order.PutUint32(request[28:], showVFS)
	if _, err := unix.Write(s.fd, request); err != nil {
		return err
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Read(s.fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if done, err := parse(buf[:n], s.seq, each); done || err != nil {
			return err
		}
	}
}

var errAnswer = errors.New("the kernel's list of sockets can't be read")

// parse reads a part of the answer.
func parse(b []byte, seq uint32, each func(inode, device uint32)) (done bool, err error) {
	order := binary.NativeEndian
	for len(b) > 0 {
		if len(b) < headerSize {
			return false, errAnswer
		}
		size := int(order.Uint32(b))
		if size < headerSize || size > len(b) || order.Uint32(b[8:]) != seq {
			return false, errAnswer
		}
		switch order.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return true, nil
		case sockDiagByFamily:
			if size < headerSize+answerSize {
				return false, errAnswer
			}
			if err := parseAttributes(b[headerSize+answerSize:size], each); err != nil {
				return false, err
			}
		default:
			return false, errAnswer
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return false, nil
}

func parseAttributes(b []byte, each func(inode, device uint32)) error {
	order := binary.NativeEndian
	for len(b) > 0 {
		if len(b) < 4 {
			return errAnswer
		}
		size := int(order.Uint16(b))
		if size < 4 || size > len(b) {
			return errAnswer
		}
		if order.Uint16(b[2:]) == attributeVFS {
			if size < 12 {
				return errAnswer
			}
			each(order.Uint32(b[4:]), order.Uint32(b[8:]))
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return nil
}
