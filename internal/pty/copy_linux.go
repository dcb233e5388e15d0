//go:build linux

package pty

import (
	"errors"
	"io"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	firstSize = 4 << 10   // bytes of the first steps: most commands say little
	copySize  = 256 << 10 // bytes copied in a step
	pipeSize  = 1 << 20   // size for our pipes; the default of pipe-max-size, pipe(7)
	linePipe  = 4096      // one page: the pipe is writable only when empty
)

// errStopped ends a copy after its bell rang.
var errStopped = errors.New("stopped")

// bell is an eventfd(2) that, after the ring, wakes every wait for good.
type bell struct {
	fd int

	mu     sync.Mutex
	closed bool
}

func newBell() (*bell, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return &bell{fd: fd, closed: err != nil}, err
}

// ring may be called at any time; after close ring does nothing.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		_, _ = unix.Write(b.fd, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// close frees the descriptor. Preconditions: no goroutine waits on the bell any more.
func (b *bell) close() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		_ = unix.Close(b.fd)
	}
}

// await waits for events on fd, and returns errStopped when stop rang first. A negative
// timeout means no limit; after the timeout await returns no events and no error.
func await(fd int, events int16, stop *bell, timeout time.Duration) (int16, error) {
	fds := []unix.PollFd{{Fd: int32(stop.fd), Events: unix.POLLIN}, {Fd: int32(fd), Events: events}}
	limit := -1
	if timeout >= 0 {
		limit = int(timeout.Milliseconds())
	}
	for {
		_, err := unix.Poll(fds, limit)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case fds[0].Revents != 0:
			return fds[1].Revents, errStopped
		}
		return fds[1].Revents, nil
	}
}

// writer writes to a blocking or non-blocking descriptor, for any time, until abort
// rings.
type writer struct {
	fd       int
	socket   bool
	blocking bool // a write can wait within the call
	instant  bool // a write can't wait: the description is our own, and non-blocking
	abort    *bell
}

// Write writes all of p or returns an error.
func (w *writer) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := w.some(p[done:])
		done += max(n, 0)
		switch err {
		case nil, unix.EINTR:
		case unix.EAGAIN:
			if _, err := await(w.fd, unix.POLLOUT, w.abort, -1); err != nil {
				return done, err
			}
		default:
			return done, err
		}
	}
	return done, nil
}

func (w *writer) some(p []byte) (int, error) {
	if w.socket {
		return unix.SendmsgN(w.fd, p, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	}
	if w.blocking {
		// A ready pipe takes 4096 bytes without waiting.
		p = p[:min(len(p), 4096)]
		if _, err := await(w.fd, unix.POLLOUT, w.abort, -1); err != nil {
			return 0, err
		}
	}
	if w.instant {
		return instantly(unix.SYS_WRITE, w.fd, p)
	}
	return unix.Write(w.fd, p)
}

// instantly is read(2) or write(2) on a non-blocking description. During a call of more
// than 20 µs, as on a terminal, the scheduler would give the thread's place away and then
// look for a place. instantly doesn't inform the scheduler: copies to a terminal are
// about 4 % faster.
func instantly(number uintptr, fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// output copies the sandbox's output to the user's file.
type output struct {
	src     int // non-blocking
	dst     io.Writer
	file    int      // for splice(2): the regular file behind dst, or -1
	ended   *bell    // after the ring: stop when no more output waits
	abort   *bell    // after the ring: stop
	excerpt *Excerpt // keeps the ends of the output; nil for none
}

// run copies until the end of src: EOF, or EIO from the master of a terminal.
func (o *output) run() error {
	buf := make([]byte, firstSize)
	for {
		n, err := o.step(buf)
		switch {
		case n == len(buf) && n < copySize:
			buf = make([]byte, copySize)
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if err := o.wait(); err != nil {
				return err
			}
		case err == unix.EIO && n < 0, err == nil && n == 0:
			return nil
		case err != nil:
			return err
		}
	}
}

// step moves a portion. The count is negative after a failed read.
func (o *output) step(buf []byte) (int, error) {
	if o.file >= 0 {
		n, err := unix.Splice(o.src, nil, o.file, nil, pipeSize, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if err != unix.EINVAL {
			return max(int(n), 0), err
		}
		o.file = -1 // opened for appending, or a file system without splice
	}
	n, err := instantly(unix.SYS_READ, o.src, buf)
	if err == unix.EIO {
		// The other end of a terminal is closed, perhaps after the kernel looked for the
		// last output (n_tty_read looks for output first, then whether the terminal is
		// closed). A read that begins after the close gets all output.
		n, err = instantly(unix.SYS_READ, o.src, buf)
	}
	if n <= 0 {
		return min(n, 0), err
	}
	_, _ = o.excerpt.Write(buf[:n])
	if _, err := o.dst.Write(buf[:n]); err != nil {
		return n, err
	}
	return n, nil
}

func (o *output) wait() error {
	fds := []unix.PollFd{
		{Fd: int32(o.abort.fd), Events: unix.POLLIN},
		{Fd: int32(o.src), Events: unix.POLLIN},
		{Fd: int32(o.ended.fd), Events: unix.POLLIN},
	}
	if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
		return err
	}
	switch {
	case fds[0].Revents != 0:
		return errStopped
	case fds[1].Revents == 0 && fds[2].Revents != 0:
		return ErrCutOff
	}
	return nil
}

// input copies the user's input into the sandbox, and reads only when there is room.
type input struct {
	src      int
	dst      int // non-blocking
	terminal bool
	typed    func([]byte) // looks at the typed bytes; nil for no look
	stop     *bell
	left     int  // bytes read and not written
	last     byte // the last byte written
}

// run copies until the end of src (nil), of dst's reader (EPIPE or EIO), or
// until stop rings.
func (in *input) run(size int) error {
	buf := make([]byte, size)
	for {
		if _, err := await(in.dst, unix.POLLOUT, in.stop, -1); err != nil {
			return err
		}
		if err := in.ready(); err != nil {
			return err
		}
		n, err := in.read(buf)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
			continue
		case err != nil:
			return err
		case n == 0:
			return nil
		}
		if in.typed != nil {
			in.typed(buf[:n])
		}
		in.left = n
		w := writer{fd: in.dst, abort: in.stop}
		n, err = w.Write(buf[:n])
		in.left -= n
		if err != nil {
			return err
		}
		in.last = buf[n-1]
	}
}

// ready waits for input, and returns EPIPE when the reader has gone meanwhile.
func (in *input) ready() error {
	fds := []unix.PollFd{
		{Fd: int32(in.stop.fd), Events: unix.POLLIN},
		{Fd: int32(in.src), Events: unix.POLLIN},
		{Fd: int32(in.dst)},
	}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case fds[0].Revents != 0:
			return errStopped
		case fds[2].Revents&(unix.POLLERR|unix.POLLHUP) != 0:
			return unix.EPIPE
		case fds[1].Revents != 0:
			return nil
		}
	}
}

// backgroundPause is how long input from a terminal is left alone while another job has
// the terminal. A process that was never stopped gets no event when the terminal comes
// back.
const backgroundPause = 100 * time.Millisecond

// read reads from src. If another job has the terminal, read takes nothing: the input
// belongs to the other job.
func (in *input) read(buf []byte) (n int, err error) {
	if !in.terminal {
		return unix.Read(in.src, buf)
	}
	if !foreground(in.src) {
		if _, err := await(in.stop.fd, 0, in.stop, backgroundPause); err != nil {
			return 0, err
		}
		return 0, unix.EAGAIN
	}
	err = withoutStop(func() error {
		n, err = unix.Read(in.src, buf)
		return err
	})
	if err == unix.EIO && !foreground(in.src) {
		return 0, unix.EAGAIN
	}
	return n, err
}

// foreground reports whether this process may read from the terminal fd. foreground also
// returns true if fd is not the process's controlling terminal: there is no job control
// there.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
