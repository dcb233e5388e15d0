//go:build linux

package pty

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/lockstile/lockstile/internal/escapes"
	"golang.org/x/sys/unix"
)

// screen is a place where output arrives: a file of the caller's, through a
// Filter when it is a terminal.
type screen struct {
	writer
	filter *escapes.Filter // nil when it is no terminal
	copied int64           // questions seen so far
	asked  atomic.Int64
}

// openScreen takes a descriptor of its own for f, with a file description of
// its own where there can be one: then a write that waits can be given up.
// Regular files keep the caller's, for its offset and its append mode.
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

// Write writes output, and notes the time when a question was in it.
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

// end finishes the output and switches off what it left on.
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

// openSource opens f for reading by a pump: a file description of its own for a
// terminal or pipe where there can be one, else the caller's.
func openSource(f *os.File, kind Kind) (int, error) {
	if kind == KindTerminal || kind == KindPipe {
		if fd, err := reopen(f, unix.O_RDONLY); err == nil {
			return fd, nil
		}
	}
	return duplicate(f)
}
