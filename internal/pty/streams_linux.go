//go:build linux

package pty

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Streams are the standard streams of a sandboxed process, and the copying between the
// process's streams and the caller's.
//
//	the caller's stream       the process gets
//	pipe                      the same pipe, opened anew, before which the gate puts a Relay. Where opening is
//	                          not permitted: the caller's for input, a new one for output
//	null device, closed       the null device
//	everything else           a new pipe, copied from or to the caller's stream
//
// With an Excerpt, standard error is copied from a new pipe too, unless the caller's is standard
// output as well.
//
// No act of the process on its streams (flags, offset, truncation, ioctl) reaches the
// caller's file descriptions.
type Streams struct {
	// Child is standard input, output and error of the process. Output and error are the
	// same file if the caller's are, to keep the order of writes to both. Start and Close
	// close the files.
	Child [3]*os.File

	pumps   []*outPump
	in      *inPump // nil when input needs no copying
	outer   *Terminal
	stop    *bell // ends the input
	ended   *bell // ends an output when no more output waits
	abort   *bell // ends the outputs
	started bool
	once    sync.Once
	result  error
}

// outPump copies an output; two streams may share an outPump.
type outPump struct {
	src     int
	screen  *screen
	file    int
	done    chan struct{}
	excerpt *Excerpt
	err     error
}

// NewStreams makes the streams of a piped run from the caller's. Nothing is read or
// written before Start: a refused start takes no input. allowEscapes switches off the
// Filter for output to a terminal. excerpt keeps the ends of standard error, nil for none.
func NewStreams(in, out, errOut *os.File, allowEscapes bool, excerpt *Excerpt) (*Streams, error) {
	s := &Streams{}
	if err := s.open(in, out, errOut, allowEscapes, excerpt); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("connect standard streams: %w", err)
	}
	return s, nil
}

func (s *Streams) open(in, out, errOut *os.File, allow bool, excerpt *Excerpt) (err error) {
	for _, b := range []**bell{&s.stop, &s.ended, &s.abort} {
		if *b, err = newBell(); err != nil {
			return err
		}
	}
	if err := s.openInput(in); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if s.Child[1], err = s.openOutput(out, allow, nil); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	same := sameOutput(out, errOut)
	if same && len(s.pumps) > 0 {
		s.Child[2] = s.Child[1]
		if s.pumps[0].file < 0 {
			s.pumps[0].excerpt = excerpt
		}
		return s.saveTerminal(out, errOut)
	}
	if same {
		excerpt = nil // one pipe for both keeps their order
	}
	if s.Child[2], err = s.openOutput(errOut, allow, excerpt); err != nil {
		return fmt.Errorf("standard error: %w", err)
	}
	return s.saveTerminal(out, errOut)
}

// saveTerminal saves the state of the terminal for output, because of the terminal's
// possible answers.
func (s *Streams) saveTerminal(files ...*os.File) error {
	for _, f := range files {
		if s.outer == nil && ClassifyStd(f) == KindTerminal {
			var err error
			if s.outer, err = SaveTerminal(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// direct returns a file for the process without a pump, or nil.
func direct(f *os.File, kind Kind, mode int) (*os.File, error) {
	switch kind {
	case KindClosed, KindNull:
		return os.OpenFile(os.DevNull, mode, 0)
	case KindPipe:
		fd, err := reopen(f, mode)
		if err != nil {
			return nil, nil // another user's pipe, or a named pipe without a reader
		}
		if err := unix.SetNonblock(fd, false); err != nil {
			_ = unix.Close(fd)
			return nil, err
		}
		return os.NewFile(uintptr(fd), f.Name()), nil
	}
	return nil, nil
}

// openOutput returns the process's end of an output; an output with an excerpt passes a pump.
func (s *Streams) openOutput(f *os.File, allow bool, excerpt *Excerpt) (*os.File, error) {
	kind := ClassifyStd(f)
	if kind != KindPipe || excerpt == nil {
		if child, err := direct(f, kind, os.O_WRONLY); child != nil || err != nil {
			return child, err
		}
	}
	screen, err := openScreen(f, kind, allow, s.abort)
	if err != nil {
		return nil, err
	}
	r, w, err := newPipe(pipeSize)
	if err != nil {
		screen.close()
		return nil, err
	}
	p := &outPump{src: r, screen: screen, file: -1, excerpt: excerpt, done: make(chan struct{})}
	if kind == KindRegular && excerpt == nil {
		p.file = screen.fd
	}
	s.pumps = append(s.pumps, p)
	return os.NewFile(uintptr(w), "output"), unix.SetNonblock(r, true)
}

// newPipe makes a pipe, of about the given size if the system's limits allow (pipe(7),
// pipe-user-pages-soft), of the usual size for 0.
func newPipe(size int) (r, w int, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, err
	}
	if size > 0 {
		_, _ = unix.FcntlInt(uintptr(p[0]), unix.F_SETPIPE_SZ, size)
	}
	return p[0], p[1], nil
}

// Start closes Child and begins to copy. The caller must call Start after the start of
// the process, which has its own descriptors for Child.
func (s *Streams) Start() {
	s.closeChild()
	s.started = true
	for _, p := range s.pumps {
		go p.run(s.ended, s.abort)
	}
	if s.in != nil {
		go s.in.run()
	}
}

func (s *Streams) closeChild() {
	if s.in != nil {
		takeOwn(s.Child[0])
	}
	for i, f := range s.Child {
		if f != nil && (i != 2 || f != s.Child[1]) {
			_ = f.Close()
		}
	}
	s.Child = [3]*os.File{}
}

// run copies an output. When a write to the user's side fails, by EPIPE for example, run
// closes the pipe: then the process gets SIGPIPE, as if the process wrote there itself.
func (p *outPump) run(ended, abort *bell) {
	defer close(p.done)
	o := output{src: p.src, dst: p.screen, file: p.file, ended: ended, abort: abort, excerpt: p.excerpt}
	p.err = o.run()
	_ = unix.Close(p.src)
	if err := p.screen.end(); err != nil && p.err == nil {
		p.err = err
	}
	p.screen.close()
	switch p.err {
	case unix.EPIPE, unix.ECONNRESET:
		p.err = nil // the reader's choice
	case errStopped:
		p.err = ErrCutOff
	}
}

// Wait ends the copying after the process and all its children have ended. The input
// stops, and input read by Streams but not by the process is returned if possible (to a
// regular file's offset). Output is passed on to the end. If a process still holds an
// output open after grace, the copying stops as soon as no more output waits, and the
// error wraps ErrCutOff. Wait takes as long as the reader of the output takes. The error
// also contains a failed write of output (a full disk).
func (s *Streams) Wait(grace time.Duration) error {
	s.once.Do(func() {
		s.stop.ring()
		inOver := s.in == nil || !s.started || waitFor(s.in.done)
		if inOver && s.in != nil {
			s.in.giveBack()
		}
		timer := time.AfterFunc(grace, s.ended.ring)
		for _, p := range s.pumps {
			if s.started {
				<-p.done
				s.result = errors.Join(s.result, p.err)
			}
		}
		timer.Stop()
		s.settleTerminal()
		if !s.started {
			s.closeUnstarted()
		}
		if inOver {
			for _, b := range []*bell{s.stop, s.ended, s.abort} {
				b.close()
			}
		}
	})
	if s.result != nil {
		return fmt.Errorf("standard streams: %w", s.result)
	}
	return nil
}

// settleTerminal throws away the answers to the output's questions, and restores the
// terminal.
func (s *Streams) settleTerminal() {
	if s.outer == nil {
		return
	}
	for _, p := range s.pumps {
		if asked, ok := p.screen.lastAsked(); ok {
			s.outer.swallow(asked)
		}
	}
	s.result = errors.Join(s.result, s.outer.Restore())
}

func (s *Streams) closeUnstarted() {
	s.closeChild()
	for _, p := range s.pumps {
		_ = unix.Close(p.src)
		p.screen.close()
	}
}

// Close ends the copying at once: unwritten output is lost. Close may be called at any
// time, and makes a Wait in another goroutine return; after Wait, Close does nothing.
// Without Start, Close only frees the files.
func (s *Streams) Close() error {
	if s.abort == nil { // NewStreams failed in the first step
		s.stop.close()
		s.ended.close()
		return nil
	}
	s.abort.ring()
	return s.Wait(0)
}
