//go:build linux

package supervise

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mostAddress is that of struct sockaddr_storage.
const mostAddress = 128

// wanted is a connect that a process asks for.
type wanted struct {
	n       *notification
	sock    int    // ours, and the caller's; -1 while it waits
	cookie  uint64 // the kernel's name for the socket (SO_COOKIE); descriptors come and go
	domain  int
	address []byte
	path    string // of a Unix socket that has one
	// Set by the first attempt.
	tried   bool
	expires time.Time  // as the socket's own limit says (SO_SNDTIMEO); zero: never
	expired unix.Errno // what it is then
}

// read takes what the call asks for, if it may. The socket is ours from here on.
func (s *Supervisor) read(n *notification) (*wanted, unix.Errno) {
	size := int32(n.args[2])
	if size < 0 || size > mostAddress {
		return nil, unix.EINVAL
	}
	sock, errno := takeSocket(n)
	if errno != 0 {
		return nil, errno
	}
	w := &wanted{n: n, sock: sock, address: make([]byte, size, mostAddress+1)}
	if errno = readMemory(n, w.address); errno == 0 {
		errno = s.check(w)
	}
	if errno != 0 {
		unix.Close(sock)
		return nil, errno
	}
	return w, 0
}

// check reports why the call may not be made, or 0.
func (s *Supervisor) check(w *wanted) unix.Errno {
	// From here on nothing is read that is the caller's: number and memory were its own.
	if !s.valid(w.n) {
		return unix.ESRCH // nobody hears it
	}
	cookie, err := unix.GetsockoptUint64(w.sock, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return errnoOf(err, unix.ENOTSOCK)
	}
	if cookie != s.cookie {
		return unix.EACCES
	}
	if w.cookie, err = unix.GetsockoptUint64(w.sock, unix.SOL_SOCKET, unix.SO_COOKIE); err != nil {
		return errnoOf(err, unix.EACCES)
	}
	w.domain, err = unix.GetsockoptInt(w.sock, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return errnoOf(err, unix.EACCES)
	}
	switch w.domain {
	case unix.AF_INET, unix.AF_INET6:
	case unix.AF_NETLINK: // to the kernel alone: our rights may be the greater ones
		if len(w.address) < unix.SizeofSockaddrNetlink || binary.NativeEndian.Uint64(w.address[4:]) != 0 {
			return unix.EPERM
		}
	case unix.AF_UNIX:
		w.path, _ = pathOf(w.address)
	default:
		return unix.EACCES
	}
	return 0
}

// fetch gets the socket again after a wait. By then its number may be another's: then the
// call ends, as one does whose descriptor is not open.
func (w *wanted) fetch() unix.Errno {
	if w.sock >= 0 {
		return 0
	}
	sock, errno := takeSocket(w.n)
	if errno != 0 {
		return errno
	}
	if cookie, err := unix.GetsockoptUint64(sock, unix.SOL_SOCKET, unix.SO_COOKIE); err != nil || cookie != w.cookie {
		unix.Close(sock)
		return unix.EBADF
	}
	w.sock = sock
	return 0
}

// release lets go of the socket: what waits holds no descriptor, since there may be more
// of it in all sandboxes than we may have files open.
func (w *wanted) release() {
	if w.sock >= 0 {
		unix.Close(w.sock)
		w.sock = -1
	}
}

// pathOf gives the path of a Unix socket's address; not of an abstract one, which
// belongs to a network namespace.
func pathOf(address []byte) (string, bool) {
	const family = 2
	if len(address) <= family || binary.NativeEndian.Uint16(address) != unix.AF_UNIX || address[family] == 0 {
		return "", false
	}
	path, _, _ := strings.Cut(string(address[family:]), "\x00")
	return path, true
}

// pidfdThread lets pidfd_open(2) take a thread (Linux 6.9).
const pidfdThread = unix.O_EXCL

// takeSocket gets the socket by the number that the call has.
func takeSocket(n *notification) (int, unix.Errno) {
	pidfd, err := unix.PidfdOpen(int(n.tid), pidfdThread)
	if err == unix.EINVAL {
		// The whole process, then: what is connected is what is fetched, whosever it is.
		pidfd, err = unix.PidfdOpen(processOf(int(n.tid)), 0)
	}
	if err != nil {
		return -1, unix.EACCES
	}
	defer unix.Close(pidfd)
	sock, err := unix.PidfdGetfd(pidfd, int(int32(n.args[0])), 0)
	if err != nil {
		if err == unix.EBADF {
			return -1, unix.EBADF
		}
		return -1, unix.EACCES
	}
	return sock, 0
}

// processOf is the number of a thread's process, 0 where it can't be told.
func processOf(tid int) int {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nTgid:\t")
	line, _, _ := strings.Cut(rest, "\n")
	pid, _ := strconv.Atoi(line) // 0 is no process
	return pid
}

func readMemory(n *notification, to []byte) unix.Errno {
	if len(to) == 0 {
		return 0
	}
	local := []unix.Iovec{{Base: &to[0]}}
	local[0].SetLen(len(to))
	got, err := unix.ProcessVMReadv(int(n.tid), local, []unix.RemoteIovec{{Base: uintptr(n.args[1]), Len: len(to)}}, 0)
	if err != nil || got != len(to) {
		return unix.EFAULT
	}
	return 0
}
