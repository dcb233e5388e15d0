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

// mostAddress is the size of struct sockaddr_storage, in bytes.
const mostAddress = 128

// wanted is a connect requested by a process.
type wanted struct {
	n       *notification
	sock    int    // our descriptor of the caller's socket; -1 while the connect waits
	cookie  uint64 // the kernel's name for the socket (SO_COOKIE); descriptors come and go
	domain  int
	address []byte
	path    string // of a Unix socket with a path
	lead    *lead  // nil while the connect stays inside
	// Set by the first attempt.
	tried   bool
	expires time.Time  // from the socket's own limit (SO_SNDTIMEO); zero: never
	expired unix.Errno // the error after expires
}

// read takes the request of the call, if the call is allowed. The socket is ours from
// here on.
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
	// From here on nothing of the caller's is read: the number and the memory belonged to
	// the caller.
	if !s.valid(w.n) {
		return unix.ESRCH // nobody hears the answer
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
	case unix.AF_NETLINK: // only to the kernel: our rights may be greater than the caller's
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

// fetch gets the socket again after a wait. If the number now belongs to another socket,
// the call ends like a call on a closed descriptor.
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

// release closes our descriptor of the socket. Waiting connects hold no descriptor: all
// sandboxes together may have more waiting connects than we may have open files.
func (w *wanted) release() {
	if w.sock >= 0 {
		unix.Close(w.sock)
		w.sock = -1
	}
}

// pathOf returns the path in a Unix socket's address. pathOf skips abstract addresses: an
// abstract address belongs to a network namespace.
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

// takeSocket gets the caller's socket by the descriptor number in the call.
func takeSocket(n *notification) (int, unix.Errno) {
	pidfd, err := unix.PidfdOpen(int(n.tid), pidfdThread)
	if err == unix.EINVAL {
		// Without PIDFD_THREAD the whole process serves: the fetched socket is the socket
		// that connects, whatever thread owns the number.
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

// processOf returns the number of a thread's process, 0 if unknown.
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
