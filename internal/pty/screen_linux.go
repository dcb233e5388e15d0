//go:build linux

package pty

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/lockstile/lockstile/internal/escapes"
	"golang.org/x/sys/unix"
)

// screen is the target of output: a file of the caller's, through a Filter for a
// terminal.
type screen struct {
	writer
	filter *escapes.Filter // nil for a file other than a terminal
	copied int64           // questions seen so far
	asked  atomic.Int64
}

// openScreen opens a new descriptor for f, with a new file description if possible: then
// a waiting write can be given up. Regular files keep the caller's description, for the
// offset and the append mode.
func openScreen(f *os.File, kind Kind, allow bool, abort *bell) (*screen, error) {
	s := &screen{writer: writer{fd: -1, abort: abort, socket: kind == KindSocket}}
	if kind == KindTerminal || kind == KindPipe {
		if fd, err := reopen(f, unix.O_WRONLY); err == nil {
			s.fd, s.instant = fd, true
		} else {
			s.blocking = true
		}
	}
	if s.fd < 0 {
		fd, err := duplicate(f)
		if err != nil {
			return nil, err
		}
		s.fd = fd
	}
	if kind == KindTerminal {
		s.filter = escapes.NewFilter(&s.writer, allow)
	}
	return s, nil
}

// Write writes output, and notes the time of a question in the output.
func (s *screen) Write(p []byte) (int, error) {
	if s.filter == nil {
		return s.writer.Write(p)
	}
	n, err := s.filter.Write(p)
	if q := int64(s.filter.Queries()); q != s.copied {
		s.copied = q
		s.asked.Store(time.Now().UnixNano())
	}
	return n, err
}

// end finishes the output and switches off modes left on.
func (s *screen) end() error {
	if s.filter == nil {
		return nil
	}
	if err := s.filter.Close(); err != nil {
		return err
	}
	_, err := s.writer.Write(s.filter.Undo())
	return err
}

// lastAsked is when the last question went out; ok is false when none did.
func (s *screen) lastAsked() (t time.Time, ok bool) {
	n := s.asked.Load()
	return time.Unix(0, n), n != 0
}

func (s *screen) close() {
	if s.fd >= 0 {
		_ = unix.Close(s.fd)
		s.fd = -1
	}
}

// openSource opens f for reading by a pump: with a new file description for a terminal or
// pipe if possible, otherwise the caller's.
func openSource(f *os.File, kind Kind) (int, error) {
	if kind == KindTerminal || kind == KindPipe {
		if fd, err := reopen(f, unix.O_RDONLY); err == nil {
			return fd, nil
		}
	}
	return duplicate(f)
}
