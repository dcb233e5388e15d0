//go:build linux

package pty

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// inPump copies the caller's standard input into a pipe.
type inPump struct {
	input
	size    int // bytes to read in a step
	regular bool
	done    chan struct{}
}

func (s *Streams) openInput(f *os.File) error {
	kind := ClassifyStd(f)
	child, err := direct(f, kind, os.O_RDONLY)
	if child != nil || err != nil {
		s.Child[0] = child
		return err
	}
	if kind == KindPipe { // another user's; a Relay needs no new description
		fd, err := duplicate(f)
		if err == nil {
			s.Child[0] = os.NewFile(uintptr(fd), f.Name())
		}
		return err
	}
	src, err := openSource(f, kind)
	if err != nil {
		return err
	}
	p := &inPump{input: input{src: src, terminal: kind == KindTerminal, stop: s.stop}, size: copySize}
	p.regular, p.done = kind == KindRegular, make(chan struct{})
	pipe := pipeSize
	if p.terminal {
		// Input that the process does not read stays in the terminal for the next reader,
		// except one line.
		pipe, p.size = linePipe, linePipe
	}
	r, w, err := newPipe(pipe)
	if err != nil {
		_ = unix.Close(src)
		return err
	}
	p.dst, s.in = w, p
	s.Child[0] = os.NewFile(uintptr(r), "input")
	markOwn(s.Child[0])
	return unix.SetNonblock(w, true)
}

// run copies until the input ends, the reader goes, or stop rings. For giveBack dst stays
// open, but as a reading end: an open writing end would keep the reader waiting.
func (p *inPump) run() {
	defer close(p.done)
	_ = p.input.run(p.size)
	keep := -1
	if p.regular {
		fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", p.dst), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == nil {
			keep = fd
		}
	}
	_ = unix.Close(p.dst)
	p.dst = keep
}

// giveBack sets the offset of a regular input file back to the end of the input read by
// the process. Preconditions: the copying is over, or never began, and no process reads
// from the pipe any more.
func (p *inPump) giveBack() {
	if p.dst >= 0 {
		if unread, err := unix.IoctlGetInt(p.dst, unix.TIOCINQ); err == nil && p.regular && p.left+unread > 0 {
			_, _ = unix.Seek(p.src, -int64(p.left+unread), unix.SEEK_CUR)
		}
		_ = unix.Close(p.dst)
	}
	_ = unix.Close(p.src)
}
