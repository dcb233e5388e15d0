//go:build linux

// Package supervise carries out connect(2) for the processes of a sandbox, which can't
// do it themselves: their filter hands each such call to us. That is what keeps them
// from the host's Unix sockets, since neither a network namespace nor a read-only
// mount stops a connect by path.
//
// It must never let the kernel go on with a call that it has looked at: what was looked
// at can be another thing by then. It must never connect a socket of another network
// namespace, or to a path whose socket doesn't listen in the sandbox's own.
package supervise

import (
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The ioctls of a listener, and what they take (seccomp_unotify(2)).
const (
	notifyReceive  = 0xC0502100
	notifySend     = 0xC0182101
	notifyValid    = 0x40082102
	notifySetFlags = 0x40082104
	syncWakeUp     = 1
)

// notification is struct seccomp_notif.
type notification struct {
	id    uint64
	tid   uint32
	flags uint32
	call  int32
	arch  uint32
	at    uint64
	args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// mostPending is how many connects of one sandbox may wait for an answer: each takes a
// thread of ours.
const mostPending = 64

// Supervisor serves one sandbox.
type Supervisor struct {
	listener int
	diag     *sockets
	cookie   uint64 // of the sandbox's network namespace
	pending  chan struct{}
	count    atomic.Int64
}

// New takes a listener (SECCOMP_FILTER_FLAG_NEW_LISTENER) and a socket of the sandbox's
// network namespace (NETLINK_SOCK_DIAG). Both are ours from here on: who has it must
// Serve or Close.
func New(listener, diag int) (*Supervisor, error) {
	cookie, err := unix.GetsockoptUint64(diag, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return nil, errors.Join(os.NewSyscallError("take the sandbox's connects over", err), unix.Close(listener), unix.Close(diag))
	}
	_ = ioctl(listener, notifySetFlags, syncWakeUp) // faster where the kernel knows it (6.6)
	return &Supervisor{listener: listener, diag: &sockets{fd: diag}, cookie: cookie, pending: make(chan struct{}, mostPending)}, nil
}

// Listener can be read when a connect has come. It stays ours.
func (s *Supervisor) Listener() int { return s.listener }

// Count is how many connects have come.
func (s *Supervisor) Count() int { return int(s.count.Load()) }

// Answer makes the connects that have come, here: for those of our own processes,
// before the command's first instruction. No thread is started for them.
func (s *Supervisor) Answer() {
	s.drain(func(n *notification) { s.answer(n, s.connect(n)) })
}

// Close frees what is held, where it does not serve.
func (s *Supervisor) Close() {
	unix.Close(s.listener)
	s.diag.close()
}

// Serve makes the connects of the sandbox from here on, beside us. It ends by itself,
// with the last process there.
func (s *Supervisor) Serve() {
	_ = unix.SetNonblock(s.listener, true) // without it the wait takes a thread, no more
	go s.serve(os.NewFile(uintptr(s.listener), "seccomp listener"))
}

func ioctl(fd int, request, arg uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, arg); errno != 0 {
		return errno
	}
	return nil
}

// serve answers until no process has the filter any more.
func (s *Supervisor) serve(listener *os.File) {
	var handlers sync.WaitGroup
	each := func(n *notification) {
		select {
		case s.pending <- struct{}{}:
			handlers.Go(func() {
				s.answer(n, s.connect(n))
				<-s.pending
			})
		default:
			s.answer(n, unix.EAGAIN)
		}
	}
	conn, err := listener.SyscallConn()
	if err == nil {
		_ = conn.Read(func(uintptr) bool { return s.drain(each) }) // it ends with the sandbox
	}
	handlers.Wait()
	listener.Close()
	s.diag.close()
}

// drain takes all that is there, and reports whether there will be no more. It asks
// before it takes: taking would wait.
func (s *Supervisor) drain(each func(*notification)) (over bool) {
	for {
		ready := []unix.PollFd{{Fd: int32(s.listener), Events: unix.POLLIN}}
		switch _, err := unix.Poll(ready, 0); {
		case err == unix.EINTR:
			continue
		case err != nil, ready[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0 && ready[0].Revents&unix.POLLIN == 0:
			return true
		case ready[0].Revents&unix.POLLIN == 0:
			return false
		}
		n := &notification{}
		if ioctl(s.listener, notifyReceive, uintptr(unsafe.Pointer(n))) != nil {
			continue // whoever asked is gone
		}
		s.count.Add(1)
		each(n)
	}
}

func (s *Supervisor) answer(n *notification, result unix.Errno) {
	r := response{id: n.id, errno: -int32(result)}
	_ = ioctl(s.listener, notifySend, uintptr(unsafe.Pointer(&r))) // it fails where whoever asked is gone
}

// mostAddress is that of struct sockaddr_storage.
const mostAddress = 128

// connect does what the call asks for, if it may.
func (s *Supervisor) connect(n *notification) unix.Errno {
	size := int32(n.args[2])
	if size < 0 || size > mostAddress {
		return unix.EINVAL
	}
	sock, errno := takeSocket(n)
	if errno != 0 {
		return errno
	}
	defer unix.Close(sock)
	address := make([]byte, size, mostAddress+1)
	if errno := readMemory(n, address); errno != 0 {
		return errno
	}
	// From here on nothing is read that is the caller's: number and memory were its own.
	if ioctl(s.listener, notifyValid, uintptr(unsafe.Pointer(&n.id))) != nil {
		return unix.EINTR
	}
	cookie, err := unix.GetsockoptUint64(sock, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return errnoOf(err, unix.ENOTSOCK)
	}
	if cookie != s.cookie {
		return unix.EACCES
	}
	domain, err := unix.GetsockoptInt(sock, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return errnoOf(err, unix.EACCES)
	}
	switch domain {
	case unix.AF_INET, unix.AF_INET6:
	case unix.AF_NETLINK: // to the kernel alone: our rights may be the greater ones
		if size < unix.SizeofSockaddrNetlink || binary.NativeEndian.Uint64(address[4:]) != 0 {
			return unix.EPERM
		}
	case unix.AF_UNIX:
		if path, ok := pathOf(address); ok {
			return s.connectPath(n, sock, path)
		}
	default:
		return unix.EACCES
	}
	return call(sock, address)
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

// connectPath connects to the very inode that was looked at.
func (s *Supervisor) connectPath(n *notification, sock int, path string) unix.Errno {
	at, errno := resolve(int(n.tid), path)
	if errno != 0 {
		return errno
	}
	defer unix.Close(at)
	if !s.diag.listens(at) {
		// As for a socket file that nobody listens at: programs then make it anew.
		return unix.ECONNREFUSED
	}
	address := binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX)
	return call(sock, append(address, "/proc/self/fd/"+strconv.Itoa(at)+"\x00"...))
}

// call connects, and waits as long as the socket says.
func call(sock int, address []byte) unix.Errno {
	address = append(address, 0) // never empty
	for {
		_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(sock), uintptr(unsafe.Pointer(&address[0])), uintptr(len(address)-1))
		if errno != unix.EINTR { // the Go runtime's own signals
			return errno
		}
	}
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

func errnoOf(err error, otherwise unix.Errno) unix.Errno {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return otherwise
}
