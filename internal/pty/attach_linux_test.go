//go:build linux

package pty

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSize(t *testing.T) {
	master, tty := openPTY(t)
	want := Size{Rows: 33, Cols: 111, XPixel: 5, YPixel: 6}
	if err := SetSize(master, want); err != nil {
		t.Fatal(err)
	}
	if got, err := SizeOf(tty); err != nil || got != want {
		t.Errorf("SizeOf = %v, %v", got, err)
	}
	if _, err := SizeOf(openNull(t)); !errors.Is(err, ErrNotTerminal) {
		t.Errorf("SizeOf(null) = %v", err)
	}
}

func TestTerminalRestore(t *testing.T) {
	_, tty := openPTY(t)
	before, flagsBefore := modes(t, tty), flags(t, tty)
	term, err := SaveTerminal(nil, tty)
	if err != nil {
		t.Fatal(err)
	}
	if err := term.Raw(); err != nil {
		t.Fatal(err)
	}
	if modes(t, tty).Lflag&(unix.ECHO|unix.ICANON|unix.ISIG) != 0 {
		t.Error("not raw")
	}
	if err := withFD(tty, func(fd int) error { return unix.SetNonblock(fd, true) }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := term.Restore(); err != nil {
			t.Fatal(err)
		}
	}
	if err := term.Raw(); err != nil {
		t.Fatal(err)
	}
	if modes(t, tty) != before || flags(t, tty) != flagsBefore {
		t.Error("modes or flags differ from before")
	}
	if _, err := SaveTerminal(openNull(t)); !errors.Is(err, ErrNotTerminal) {
		t.Errorf("SaveTerminal(null) = %v", err)
	}
}

// attached is a user's terminal joined to an inner terminal.
func attached(t *testing.T) (user, outer, inner *os.File, a *Attachment) {
	t.Helper()
	user, outer = openPTY(t)
	master, inner := openPTY(t)
	if err := SetSize(user, Size{Rows: 10, Cols: 20}); err != nil {
		t.Fatal(err)
	}
	a, err := Attach(outer, outer, master, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return user, outer, inner, a
}

func TestAttach(t *testing.T) {
	user, outer := openPTY(t)
	before, flagsBefore := modes(t, outer), flags(t, outer)
	master, inner := openPTY(t)
	a, err := Attach(outer, outer, master, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, user, "hello\r")
	if got := readN(t, inner, 6); got != "hello\n" {
		t.Errorf("inside read %q", got)
	}
	if got := readN(t, user, 7); got != "hello\r\n" {
		t.Errorf("echo %q", got)
	}
	write(t, inner, "x\x1b]52;c;eA==\ay\x1b[?25l\x1b[6n")
	write(t, inner, strings.Repeat("z", 2000))
	inner.Close()
	want := "xy\x1b[?25l\x1b[6n" + strings.Repeat("z", 2000) + "\x1b[?25h"
	if got := readN(t, user, len(want)); got != want {
		t.Errorf("user sees %q, want %q", got, want)
	}
	write(t, user, "\x1b[5;5R")
	if err := a.Wait(grace); err != nil {
		t.Error(err)
	}
	if modes(t, outer) != before || flags(t, outer) != flagsBefore {
		t.Error("terminal differs from before")
	}
	if n := pending(t, outer); n != 0 {
		t.Errorf("%d bytes of an answer are left to the shell", n)
	}
}

func TestAttachKeepsTypingWithoutQuestions(t *testing.T) {
	user, outer, inner, a := attached(t)
	write(t, inner, "\x1b[31mx\x1b[m")
	inner.Close()
	if got := readN(t, user, 9); got != "\x1b[31mx\x1b[m" {
		t.Errorf("got %q", got)
	}
	<-a.inDone // the inner terminal is gone, and the outer terminal has no reader
	write(t, user, "ls\r")
	if err := a.Wait(grace); err != nil {
		t.Error(err)
	}
	write(t, user, "\n") // the first line came in raw mode
	// A worker of the kernel moves written bytes to the other end.
	for deadline := time.Now().Add(grace); pending(t, outer) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what was typed ahead is gone")
		}
	}
}

func TestAttachControlCharactersGoInside(t *testing.T) {
	user, _, inner, _ := attached(t)
	m := modes(t, inner)
	m.Lflag &^= unix.ISIG | unix.ICANON | unix.ECHO
	m.Iflag &^= unix.IXON
	if err := unix.IoctlSetTermios(int(inner.Fd()), unix.TCSETS, &m); err != nil {
		t.Fatal(err)
	}
	write(t, user, "\x03\x1a\x1c\x11\x13")
	if got := readN(t, inner, 5); got != "\x03\x1a\x1c\x11\x13" {
		t.Errorf("inside read %q", got)
	}
}

func TestAttachFollowsSize(t *testing.T) {
	user, _, inner, a := attached(t)
	if got, err := SizeOf(inner); err != nil || got.Rows != 10 || got.Cols != 20 {
		t.Errorf("size at start %v, %v", got, err)
	}
	if err := SetSize(user, Size{Rows: 30, Cols: 40}); err != nil {
		t.Fatal(err)
	}
	a.signals <- unix.SIGWINCH // the test has no controlling terminal to send SIGWINCH
	a.signals <- unix.SIGWINCH // the channel holds one: accepted when the first signal has been handled
	a.signals <- unix.SIGWINCH
	if got, err := SizeOf(inner); err != nil || got.Rows != 30 || got.Cols != 40 {
		t.Errorf("size after %v, %v", got, err)
	}
}

func TestAttachCloseWhileRunning(t *testing.T) {
	user, outer, inner, a := attached(t)
	write(t, inner, "x")
	if got := readN(t, user, 1); got != "x" {
		t.Errorf("got %q", got)
	}
	waited := make(chan error)
	go func() { waited <- a.Wait(grace) }()
	if err := a.Close(); !errors.Is(err, ErrCutOff) {
		t.Errorf("Close = %v", err)
	}
	if err := <-waited; !errors.Is(err, ErrCutOff) {
		t.Errorf("Wait = %v", err)
	}
	if modes(t, outer).Lflag&unix.ICANON == 0 {
		t.Error("terminal is still raw")
	}
}

func TestAttachPipes(t *testing.T) {
	inR, inW := openPipe(t)
	outR, outW := openPipe(t)
	master, inner := openPTY(t)
	a, err := Attach(inR, outW, master, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	write(t, inW, "line\nrest")
	inW.Close()
	got, err := io.ReadAll(inner) // ends by the end-of-file character
	if err != nil || string(got) != "line\nrest" {
		t.Errorf("inside read %q, %v", got, err)
	}
	write(t, inner, "\x1b]52;c;x\a") // to a pipe everything passes
	inner.Close()
	if err := a.Wait(grace); err != nil {
		t.Error(err)
	}
	outW.Close()
	all, _ := io.ReadAll(outR)
	if !strings.HasSuffix(string(all), "\x1b]52;c;x\a") {
		t.Errorf("got %q", all)
	}
}
