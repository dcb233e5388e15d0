//go:build linux

package pty

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// mostExact is how much of an input leaves the caller's pipe only when the command has
// read it. A command that reads more reads all of it, in all likelihood.
const mostExact = 1 << 20

// The pauses between two looks at what the command has read; the kernel has no event for
// an empty pipe.
const (
	firstPause = 50 * time.Microsecond
	usualPause = 5 * time.Millisecond
	longPause  = 20 * time.Millisecond // when nothing was read for longIdle
	longIdle   = time.Second
)

const (
	mostShown   = 1 << 20 // bytes shown at once; the pipe usually has room for fewer
	nothingOpen = -1      // in place of a descriptor
)

// errAllShown ends the copying: the command's pipe has the rest of the input, and its end.
var errAllShown = errors.New("the rest of the input is shown")

// feed fills a command's pipe from the caller's. tee(2) puts the same bytes into the
// command's pipe, and the bytes leave the caller's pipe when the command has read them: a
// command that reads a line leaves the rest to the next reader.
type feed struct {
	from  int // the caller's pipe
	to    int // the writing end of the command's
	look  int // a reading end of the command's, when the writing end is closed
	null  int // takes the bytes that leave the caller's pipe
	shown int // bytes in both pipes
	total int // bytes that have left the caller's pipe
	wide  bool
	pause time.Duration
	idle  time.Duration
	stop  *bell
	done  chan struct{} // nil without a goroutine
	err   error         // of the first look
}

// newFeed shows what waits in the caller's pipe.
func newFeed(from, to int, stop *bell) *feed {
	f := &feed{from: from, to: to, look: nothingOpen, null: nothingOpen, stop: stop}
	f.err = f.show(0)
	return f
}

// start begins to copy, unless the first look has shown the whole input.
func (f *feed) start() {
	if f.err != nil {
		f.finish()
		return
	}
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		for f.err == nil {
			f.err = f.step()
		}
		f.finish()
	}()
}

func (f *feed) step() error {
	switch {
	case f.shown > 0: // tee(2) would give the same bytes again
		return f.awaitRead()
	case f.total < mostExact:
		return f.show(-1)
	}
	return f.pass()
}

// finish closes the writing end, if the copying has ended before the command: the command
// reads to the end of its pipe.
func (f *feed) finish() {
	if f.err != errAllShown && f.to != nothingOpen {
		f.take()
		f.shown = 0
		_ = unix.Close(f.to)
		f.to = nothingOpen
	}
}

// end takes what the command has read. Preconditions: stop has rung, and no process reads
// from the command's pipe any more.
func (f *feed) end() {
	if f.done != nil {
		<-f.done
	}
	f.take()
	f.close()
}

func (f *feed) close() {
	for _, fd := range []int{f.from, f.to, f.look, f.null} {
		if fd != nothingOpen {
			_ = unix.Close(fd)
		}
	}
}

// show waits for input and shows it to the command, without waiting if timeout is 0.
func (f *feed) show(timeout int) error {
	fds := []unix.PollFd{{Fd: int32(f.stop.fd), Events: unix.POLLIN}, {Fd: int32(f.from), Events: unix.POLLIN}, {Fd: int32(f.to)}}
	if _, err := unix.Poll(fds, timeout); err != nil && err != unix.EINTR {
		return err
	}
	switch {
	case fds[0].Revents != 0:
		return errStopped
	case fds[2].Revents&unix.POLLERR != 0:
		return unix.EPIPE // the command has closed its input
	case fds[1].Revents == 0:
		return nil
	}
	n, err := unix.Tee(f.from, f.to, mostShown, unix.SPLICE_F_NONBLOCK)
	switch {
	case err == unix.EAGAIN: // another process has read, or the command has filled its own pipe
		if timeout == 0 {
			return nil
		}
		_, err := await(f.to, unix.POLLOUT, f.stop, -1)
		return err
	case err == unix.EINTR:
		return nil
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	f.shown, f.pause, f.idle = int(n), firstPause, 0
	if fds[1].Revents&unix.POLLHUP != 0 && unread(f.from) == f.shown {
		return f.showEnd()
	}
	return nil
}

// showEnd closes the writing end when nothing can follow. A reading end stays for the look
// at what the command has read.
func (f *feed) showEnd() error {
	look, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", f.to), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // the end follows when the command has read
	}
	_ = unix.Close(f.to)
	f.to, f.look = nothingOpen, look
	return errAllShown
}

// awaitRead takes what the command has read, and waits if the command has read nothing.
func (f *feed) awaitRead() error {
	if f.take() {
		f.pause, f.idle = firstPause, 0
		return nil
	}
	fds := []unix.PollFd{{Fd: int32(f.stop.fd), Events: unix.POLLIN}, {Fd: int32(f.to)}}
	wait := unix.NsecToTimespec(f.pause.Nanoseconds())
	if _, err := unix.Ppoll(fds, &wait, nil); err != nil && err != unix.EINTR {
		return err
	}
	switch {
	case fds[0].Revents != 0:
		return errStopped
	case fds[1].Revents&unix.POLLERR != 0:
		return unix.EPIPE
	}
	f.idle += f.pause
	if f.pause = min(2*f.pause, usualPause); f.idle > longIdle {
		f.pause = longPause
	}
	return nil
}

// take moves the bytes that the command has read out of the caller's pipe, and reports
// whether there were any. A command that writes into its own pipe only makes the number
// smaller.
func (f *feed) take() bool {
	pipe := max(f.to, f.look)
	if f.shown == 0 || pipe == nothingOpen {
		return false
	}
	before := f.shown
	for n := f.shown - unread(pipe); n > 0; {
		gone, err := f.discard(n)
		if err == unix.EINTR {
			continue
		}
		if err != nil || gone == 0 {
			f.shown -= n // another process has read them
			break
		}
		n, f.shown, f.total = n-gone, f.shown-gone, f.total+gone
	}
	return f.shown < before
}

// discard takes at most n bytes out of the caller's pipe, without waiting.
func (f *feed) discard(n int) (int, error) {
	if f.null == nothingOpen {
		fd, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return 0, err
		}
		f.null = fd
	}
	gone, err := unix.Splice(f.from, nil, f.null, nil, n, unix.SPLICE_F_NONBLOCK)
	return int(gone), err
}

// pass moves input on: from here on what has left the caller's pipe is the command's.
func (f *feed) pass() error {
	if !f.wide {
		_, _ = unix.FcntlInt(uintptr(f.to), unix.F_SETPIPE_SZ, pipeSize)
		f.wide = true
	}
	if _, err := await(f.to, unix.POLLOUT, f.stop, -1); err != nil {
		return err
	}
	in := input{src: f.from, dst: f.to, stop: f.stop}
	if err := in.ready(); err != nil {
		return err
	}
	n, err := unix.Splice(f.from, nil, f.to, nil, pipeSize, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err == nil && n == 0:
		return io.EOF
	}
	return err
}

// unread is how many bytes wait in a pipe. In a pipe that can't be asked nothing counts as
// read.
func unread(pipe int) int {
	n, err := unix.IoctlGetInt(pipe, unix.TIOCINQ)
	if err != nil {
		return math.MaxInt
	}
	return n
}
