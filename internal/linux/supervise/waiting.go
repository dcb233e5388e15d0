//go:build linux

package supervise

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// mostPending is how many connects of one sandbox may wait.
const mostPending = 64

// The time between two looks at what waits. It grows by a quarter with each look in
// vain, so that nobody waits much longer than a fourth of what was waited already.
const (
	shortest = time.Millisecond
	longest  = time.Second
)

// waiting holds the connects that wait, the oldest first. Nothing tells us when a
// Unix socket takes another one, and a network that is off has no other ends than its
// own: they are looked at time and again.
type waiting struct {
	list  []*wanted
	pause time.Duration
	next  time.Time // when to look again; zero where nothing waits
}

func (l *waiting) add(w *wanted) {
	l.list = append(l.list, w)
	l.pause = shortest
	l.schedule()
}

func (l *waiting) due() bool { return !l.next.IsZero() && !time.Now().Before(l.next) }

// schedule says when to look again: after the pause, or when a socket's own limit ends.
func (l *waiting) schedule() {
	if len(l.list) == 0 {
		l.next = time.Time{}
		return
	}
	l.next = time.Now().Add(l.pause)
	for _, w := range l.list {
		if !w.expires.IsZero() && w.expires.Before(l.next) {
			l.next = w.expires
		}
	}
}

// crowded reports whether no more may wait. Who was killed meanwhile doesn't count.
func (s *Supervisor) crowded() bool {
	if len(s.waiting.list) >= mostPending {
		s.waiting.list = slices.DeleteFunc(s.waiting.list, func(w *wanted) bool { return !s.valid(w.n) })
	}
	return len(s.waiting.list) >= mostPending
}

// retry looks at each connect that waits.
func (s *Supervisor) retry() {
	l := &s.waiting
	before, full := len(l.list), map[place]bool{}
	l.list = slices.DeleteFunc(l.list, func(w *wanted) bool { return s.settle(w, full) })
	if len(l.list) < before {
		l.pause = shortest
	} else {
		l.pause = min(l.pause+l.pause/4, longest)
	}
	l.schedule()
}

// settle reports whether a connect waits no longer: it has its answer, or its caller is
// gone.
func (s *Supervisor) settle(w *wanted, full map[place]bool) bool {
	if !s.valid(w.n) {
		return true
	}
	errno := s.try(w, full)
	w.release()
	if errno == notYet && !w.expires.IsZero() && !time.Now().Before(w.expires) {
		errno = w.expired
	}
	if errno == notYet {
		return false
	}
	s.answer(w.n, errno)
	return true
}

// place is where a Unix socket listens: an inode, or an abstract name.
type place struct {
	device, inode uint64
	name          string
}

// notYet is the result of an attempt that would have to wait.
const notYet = unix.EINTR

// try makes one attempt, and everything that must be looked at right before it. With
// full, which holds the places where nobody got in since this look began, it is another
// than the first.
func (s *Supervisor) try(w *wanted, full map[place]bool) unix.Errno {
	switch {
	case w.path != "":
		return s.tryPath(w, full)
	case w.domain == unix.AF_UNIX:
		return w.enter(w.address, place{name: string(w.address)}, full)
	case w.tried: // the kernel goes on with it by itself
		if errno := w.fetch(); errno != 0 {
			return errno
		}
		if !ended(w.sock) {
			return notYet
		}
	}
	return w.attempt(w.address)
}

// tryPath connects to the very inode that was looked at. Each attempt begins with the
// path, as the kernel's own do.
func (s *Supervisor) tryPath(w *wanted, full map[place]bool) unix.Errno {
	at, errno := resolve(int(w.n.tid), w.path)
	if errno != 0 {
		return errno
	}
	defer unix.Close(at)
	var stat unix.Stat_t
	if err := unix.Fstat(at, &stat); err != nil {
		return errnoOf(err, unix.EACCES)
	}
	where := place{device: stat.Dev, inode: stat.Ino}
	if full[where] {
		return notYet
	}
	if !s.diag.listens(at) {
		// As for a socket file that nobody listens at: programs then make it anew.
		return unix.ECONNREFUSED
	}
	address := binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX)
	return w.enter(append(address, "/proc/self/fd/"+strconv.Itoa(at)+"\x00"...), where, full)
}

// enter makes an attempt at a Unix socket, unless another has just been in vain: who
// waits longer goes first.
func (w *wanted) enter(address []byte, where place, full map[place]bool) unix.Errno {
	if full[where] {
		return notYet
	}
	errno := w.attempt(address)
	if errno == notYet && full != nil {
		full[where] = true
	}
	return errno
}

// attempt calls connect(2) for w, which doesn't wait there.
func (w *wanted) attempt(address []byte) unix.Errno {
	if errno := w.fetch(); errno != 0 {
		return errno
	}
	again := w.tried
	if !again {
		w.tried = true
		w.limit()
	}
	errno := attempt(w.sock, address)
	if !again {
		return errno
	}
	switch {
	case errno == unix.EISCONN && w.domain != unix.AF_UNIX: // so it was ours that did it
		return 0
	case errno == unix.EALREADY && w.domain != unix.AF_UNIX, errno == unix.EAGAIN && w.domain == unix.AF_UNIX:
		return notYet // what it is depends on how the call began
	}
	return errno
}

// limit reads how long the socket lets a connect wait. One that was begun by an earlier
// call has another error then.
func (w *wanted) limit() {
	limit, err := unix.GetsockoptTimeval(w.sock, unix.SOL_SOCKET, unix.SO_SNDTIMEO)
	if err != nil || limit.Nano() == 0 {
		return
	}
	w.expires = time.Now().Add(time.Duration(limit.Nano()))
	switch {
	case w.domain == unix.AF_UNIX:
		w.expired = unix.EAGAIN
	case ended(w.sock):
		w.expired = unix.EINPROGRESS
	default:
		w.expired = unix.EALREADY
	}
}

// ended reports whether a socket isn't in the midst of connecting.
func ended(sock int) bool {
	state := []unix.PollFd{{Fd: int32(sock), Events: unix.POLLOUT}}
	n, err := unix.Poll(state, 0)
	return n > 0 && err == nil
}
