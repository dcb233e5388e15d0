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

// SizeOf returns the size of the terminal f (TIOCGWINSZ, ioctl_tty(2)). If f is no
// terminal, the error wraps ErrNotTerminal.
func SizeOf(f *os.File) (Size, error) {
	var s Size
	err := withFD(f, func(fd int) error {
		ws, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
		if err == nil {
			s = Size{Rows: ws.Row, Cols: ws.Col, XPixel: ws.Xpixel, YPixel: ws.Ypixel}
		}
		return err
	})
	return s, terminalError("read the terminal's size", err)
}

// SetSize sets the size of a terminal through the master; the foreground job inside gets
// SIGWINCH if the size is new.
func SetSize(master *os.File, s Size) error {
	err := withFD(master, func(fd int) error { return setSize(fd, s) })
	return terminalError("set the terminal's size", err)
}

func setSize(fd int, s Size) error {
	return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ,
		&unix.Winsize{Row: s.Rows, Col: s.Cols, Xpixel: s.XPixel, Ypixel: s.YPixel})
}

func terminalError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOTTY):
		return fmt.Errorf("%s: %w", what, ErrNotTerminal)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Terminal is the user's terminal with the saved state. Methods may be called from any
// goroutine.
type Terminal struct {
	fd    int
	saved unix.Termios
	group int // the foreground process group; -1 if unknown to us
	flags []fileFlags

	mu       sync.Mutex
	restored bool
}

// fileFlags are the status flags of a file description.
type fileFlags struct{ fd, flags int }

// SaveTerminal notes the state of the first terminal among files: the modes and the
// foreground process group, and the status flags of all open files. SaveTerminal skips
// nil files. Without a terminal the error wraps ErrNotTerminal. Restore frees the
// descriptors.
func SaveTerminal(files ...*os.File) (*Terminal, error) {
	t := &Terminal{fd: -1, group: -1}
	for _, f := range files {
		if ClassifyStd(f) == KindClosed {
			continue
		}
		if err := t.note(f); err != nil {
			t.release()
			return nil, fmt.Errorf("save the terminal's state: %w", err)
		}
	}
	if t.fd < 0 {
		t.release()
		return nil, fmt.Errorf("save the terminal's state: %w", ErrNotTerminal)
	}
	return t, nil
}

func (t *Terminal) note(f *os.File) error {
	fd, err := duplicate(f)
	if err != nil {
		return err
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	t.flags = append(t.flags, fileFlags{fd, flags})
	if err != nil || t.fd >= 0 || ClassifyStd(f) != KindTerminal {
		return err
	}
	modes, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.fd, t.saved = fd, *modes
	if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil {
		t.group = group
	}
	return nil
}

// Raw passes each typed byte to the reader at once and unread: the terminal inside does
// the editing, the echo and the signals (cfmakeraw, termios(3)). In the background Raw
// stops the process, as is right, until the process is continued. After Restore, Raw does
// nothing.
func (t *Terminal) Raw() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restored {
		return nil
	}
	m := t.saved
	m.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	m.Oflag &^= unix.OPOST
	m.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	m.Cflag = m.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	m.Cc[unix.VMIN], m.Cc[unix.VTIME] = 1, 0
	return terminalError("set the terminal to raw mode", unix.IoctlSetTermios(t.fd, unix.TCSETS, &m))
}

// cooked restores the modes for as long as a shell has the terminal.
func (t *Terminal) cooked() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.restored && t.ours() {
		_ = withoutStop(func() error { return unix.IoctlSetTermios(t.fd, unix.TCSETS, &t.saved) })
	}
}

// answerTime is how long to wait for the answer to a question. The other end may be a
// network away; later answers cannot be told from typing.
const answerTime = 300 * time.Millisecond

// swallow throws away the terminal's answer to a question asked at the time asked,
// without showing the answer.
func (t *Terminal) swallow(asked time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restored || !t.ours() {
		return
	}
	_ = withoutStop(func() error {
		m, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
		if err != nil {
			return err
		}
		m.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON
		if err := unix.IoctlSetTermios(t.fd, unix.TCSETS, m); err != nil {
			return err
		}
		time.Sleep(time.Until(asked.Add(answerTime)))
		return unix.IoctlSetInt(t.fd, unix.TCFLSH, unix.TCIFLUSH)
	})
}

// ours reports whether this process may still set the terminal: not if the shell has
// given the terminal to another living job.
func (t *Terminal) ours() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err != nil || group == t.group || group == unix.Getpgrp() {
		return true
	}
	return unix.Kill(-group, 0) == unix.ESRCH
}

// Restore restores modes, status flags and foreground process group exactly, and frees
// the descriptors of SaveTerminal. Later calls do nothing. A terminal taken by another
// job meanwhile keeps its modes; a vanished terminal is no error.
func (t *Terminal) Restore() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restored {
		return nil
	}
	t.restored = true
	defer t.release()
	for _, f := range t.flags {
		now, err := unix.FcntlInt(uintptr(f.fd), unix.F_GETFL, 0)
		if err == nil && now != f.flags {
			_, _ = unix.FcntlInt(uintptr(f.fd), unix.F_SETFL, f.flags)
		}
	}
	if !t.ours() {
		return nil
	}
	err := withoutStop(func() error {
		if group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP); err == nil && t.group > 0 && group != t.group {
			_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, t.group)
		}
		return unix.IoctlSetTermios(t.fd, unix.TCSETS, &t.saved)
	})
	if err == unix.EIO { // hung up
		return nil
	}
	return terminalError("restore the terminal", err)
}

func (t *Terminal) release() {
	for _, f := range t.flags {
		_ = unix.Close(f.fd)
	}
	t.flags = nil
}
