//go:build linux

// Package supervise carries out connect(2) for the processes of a sandbox: the filter of
// the processes hands each connect to us. Only thus are the host's Unix sockets out of
// reach, since neither a network namespace nor a read-only mount stops a connect by path.
//
// Package supervise must never let the kernel continue a call after a check: the checked
// memory may have changed. Package supervise must never connect a socket of another
// network namespace, or connect to a path whose socket does not listen in the sandbox's
// own namespace. Package supervise must never keep a thread for a waiting connect: one
// server has many sandboxes.
package supervise

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The ioctls of a listener, and a flag (seccomp_unotify(2)).
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

// Supervisor serves a sandbox, one connect after another.
type Supervisor struct {
	listener int
	diag     *sockets
	cookie   uint64 // of the sandbox's network namespace
	waiting  waiting
	refused  refused
	way      *Way // nil for none
	sockets  func(device, inode uint64) bool
	count    atomic.Int64
}

// New takes a listener (SECCOMP_FILTER_FLAG_NEW_LISTENER) and a socket of the sandbox's
// network namespace (NETLINK_SOCK_DIAG). Both belong to the Supervisor from here on: the
// caller must Serve or Close.
func New(listener, diag int) (*Supervisor, error) {
	cookie, err := unix.GetsockoptUint64(diag, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return nil, errors.Join(os.NewSyscallError("take the sandbox's connects over", err), unix.Close(listener), unix.Close(diag))
	}
	_ = ioctl(listener, notifySetFlags, syncWakeUp) // faster on kernels with the flag (6.6)
	return &Supervisor{listener: listener, diag: &sockets{fd: diag}, cookie: cookie}, nil
}

// Listener becomes readable when a connect has come. The descriptor stays ours.
func (s *Supervisor) Listener() int { return s.listener }

// Cookie is the kernel's name for the sandbox's network namespace (SO_NETNS_COOKIE).
func (s *Supervisor) Cookie() uint64 { return s.cookie }

// Count is how many connects have come.
func (s *Supervisor) Count() int { return int(s.count.Load()) }

// Answer makes the connects that have come from our own processes, before the command's
// first instruction, without a new goroutine. Answer waits for a waiting connect until
// the deadline: on a busy machine any connect may wait.
func (s *Supervisor) Answer(deadline time.Time) {
	for n, _ := s.take(); n != nil; n, _ = s.take() {
		s.handle(n)
	}
	for len(s.waiting.list) > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Until(s.waiting.next))
		s.retry()
	}
}

// Close frees the descriptors of a Supervisor that does not serve.
func (s *Supervisor) Close() {
	unix.Close(s.listener)
	s.diag.close()
}

// AllowSockets lets connects reach sockets of the host too. AllowSockets comes before Serve.
func (s *Supervisor) AllowSockets(allows func(device, inode uint64) bool) { s.sockets = allows }

// Serve makes the sandbox's connects from here on, in a goroutine. The goroutine ends
// with the sandbox's last process.
func (s *Supervisor) Serve() {
	s.refused.targets = nil                // so far all connects were trials
	_ = unix.SetNonblock(s.listener, true) // for the poller; the descriptor is ours
	go s.serve(os.NewFile(uintptr(s.listener), "seccomp listener"))
}

func ioctl(fd int, request, arg uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, arg); errno != 0 {
		return errno
	}
	return nil
}

// serve answers until no process has the filter any more. Between two connects serve
// looks at the waiting connects when their time has come.
func (s *Supervisor) serve(listener *os.File) {
	defer s.diag.close()
	defer listener.Close()
	conn, err := listener.SyscallConn()
	if err != nil {
		return
	}
	var n *notification
	over := false
	take := func(uintptr) bool {
		n, over = s.take()
		return n != nil || over
	}
	var awake time.Time // as the poller has been told
	for !over {
		if next := s.waiting.next; !next.Equal(awake) {
			_ = listener.SetReadDeadline(next) // zero: none
			awake = next
		}
		n = nil
		if err := conn.Read(take); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if n != nil {
			s.handle(n)
		}
		if s.waiting.due() {
			s.retry()
		}
	}
}

// take returns the next connect, nil if none has come, and reports whether no more will
// come. take polls before the receive: a receive would wait.
func (s *Supervisor) take() (n *notification, over bool) {
	for {
		ready := []unix.PollFd{{Fd: int32(s.listener), Events: unix.POLLIN}}
		switch _, err := unix.Poll(ready, 0); {
		case err == unix.EINTR:
			continue
		case err != nil, ready[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0 && ready[0].Revents&unix.POLLIN == 0:
			return nil, true
		case ready[0].Revents&unix.POLLIN == 0:
			return nil, false
		}
		n := &notification{}
		if ioctl(s.listener, notifyReceive, uintptr(unsafe.Pointer(n))) != nil {
			continue // whoever asked is gone
		}
		s.count.Add(1)
		return n, false
	}
}

// handle makes a new connect, or lets the connect wait.
func (s *Supervisor) handle(n *notification) {
	if s.crowded() {
		s.answer(n, unix.EAGAIN)
		return
	}
	w, errno := s.read(n)
	if errno == 0 {
		errno = s.try(w, nil)
		w.release()
		if errno == notYet {
			s.waiting.add(w)
			return
		}
	}
	s.refused.note(w, errno)
	s.answer(n, errno)
}

// valid reports whether the caller still waits for this call.
func (s *Supervisor) valid(n *notification) bool {
	return ioctl(s.listener, notifyValid, uintptr(unsafe.Pointer(&n.id))) == nil
}

func (s *Supervisor) answer(n *notification, result unix.Errno) {
	r := response{id: n.id, errno: -int32(result)}
	_ = ioctl(s.listener, notifySend, uintptr(unsafe.Pointer(&r))) // fails if the caller is gone
}

func errnoOf(err error, otherwise unix.Errno) unix.Errno {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return otherwise
}
