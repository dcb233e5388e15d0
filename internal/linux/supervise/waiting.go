//go:build linux

package supervise

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// mostPending is how many connects of a sandbox may wait.
const mostPending = 64

// The time between two looks at the waiting connects. The time grows by a quarter with
// each look in vain: a connect waits at most about a quarter longer than necessary.
const (
	shortest = time.Millisecond
	longest  = time.Second
)

// waiting holds the waiting connects, the oldest first. The kernel does not report when a
// Unix socket has room again, and a network that is off connects only to itself: the
// Supervisor looks again and again.
type waiting struct {
	list  []*wanted
	pause time.Duration
	next  time.Time // when to look again; zero if nothing waits
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

// crowded reports whether no more connects may wait. Connects of killed callers don't
// count.
func (s *Supervisor) crowded() bool {
	if len(s.waiting.list) >= mostPending {
		s.waiting.list = slices.DeleteFunc(s.waiting.list, func(w *wanted) bool { return !s.valid(w.n) })
	}
	return len(s.waiting.list) >= mostPending
}

// retry looks at each waiting connect.
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

// settle reports whether a connect waits no longer: the connect has an answer, or the
// caller is gone.
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
	s.refused.note(w, errno)
	s.answer(w.n, errno)
	return true
}

// place is where a Unix socket listens: an inode, or an abstract name.
type place struct {
	device, inode uint64
	name          string
}

// notYet is the result of an attempt that would wait.
const notYet = unix.EINTR

// try makes an attempt inside, or the next steps through the server. full is nil for the
// first attempt; otherwise full holds the places that had no room since this look began.
func (s *Supervisor) try(w *wanted, full map[place]bool) unix.Errno {
	if w.lead == nil && full == nil && s.leads(w) {
		w.lead = &lead{}
	}
	if w.lead != nil {
		return s.follow(w)
	}
	return s.tryInside(w, full)
}

// tryInside makes an attempt, with all checks right before the attempt.
func (s *Supervisor) tryInside(w *wanted, full map[place]bool) unix.Errno {
	switch {
	case w.path != "":
		return s.tryPath(w, full)
	case w.domain == unix.AF_UNIX:
		return w.enter(w.address, place{name: string(w.address)}, full)
	case w.tried: // the kernel goes on with the connect by itself
		if errno := w.fetch(); errno != 0 {
			return errno
		}
		if !ended(w.sock) {
			return notYet
		}
	}
	return w.attempt(w.address)
}

// tryPath connects to the checked inode. Each attempt begins with the path, like the
// kernel's own attempts.
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
	if !s.diag.listens(at) && (s.sockets == nil || !s.sockets(stat.Dev, stat.Ino)) {
		// The error of a socket file without a listener: programs then make the file
		// anew.
		return unix.ECONNREFUSED
	}
	address := binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX)
	return w.enter(append(address, "/proc/self/fd/"+strconv.Itoa(at)+"\x00"...), where, full)
}

// enter attempts to connect to a Unix socket, unless another connect has just failed
// there: the older connect goes first.
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

// attempt calls connect(2) for w, without a wait.
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
	case errno == unix.EISCONN && w.domain != unix.AF_UNIX: // an earlier attempt of ours connected
		return 0
	case errno == unix.EALREADY && w.domain != unix.AF_UNIX, errno == unix.EAGAIN && w.domain == unix.AF_UNIX:
		return notYet // the later result depends on how the call began
	}
	return errno
}

// limit reads how long the socket lets a connect wait. A connect begun by an earlier call
// has another error at the end of the time.
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
