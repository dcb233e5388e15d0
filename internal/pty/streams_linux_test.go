//go:build linux

package pty

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestClassifyStd(t *testing.T) {
	_, tty := openPTY(t)
	r, _ := openPipe(t)
	sock, _ := openSocket(t)
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for want, f := range map[Kind]*os.File{
		KindClosed: closed, KindNull: openNull(t), KindPipe: r, KindRegular: openTemp(t, "", 0),
		KindTerminal: tty, KindSocket: sock, KindOther: dir,
	} {
		if got := ClassifyStd(f); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got := ClassifyStd(nil); got != KindClosed {
		t.Errorf("nil is %v", got)
	}
}

func TestStreamsChildKinds(t *testing.T) {
	_, tty := openPTY(t)
	sock, _ := openSocket(t)
	r, w := openPipe(t)
	cases := []struct {
		name    string
		in, out *os.File
		want    Kind
	}{
		{"closed", nil, nil, KindNull},
		{"null", openNull(t), openNull(t), KindNull},
		{"pipe", r, w, KindPipe},
		{"regular", openTemp(t, "x", 0), openTemp(t, "", 0), KindPipe},
		{"terminal", tty, tty, KindPipe},
		{"socket", sock, sock, KindPipe},
	}
	for _, c := range cases {
		s := newStreams(t, c.in, c.out, c.out)
		for i, f := range s.Child {
			if got := ClassifyStd(f); got != c.want {
				t.Errorf("%s: stream %d is %v", c.name, i, got)
			}
			if flags(t, f)&unix.O_NONBLOCK != 0 {
				t.Errorf("%s: stream %d is non-blocking", c.name, i)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: Close: %v", c.name, err)
		}
	}
}

func TestStreamsPipeHasOwnDescription(t *testing.T) {
	r, w := openPipe(t)
	before := flags(t, w)
	s := newStreams(t, r, w, w)
	_, out, _ := process(t, s)
	s.Start()
	if err := withFD(out, func(fd int) error { return unix.SetNonblock(fd, true) }); err != nil {
		t.Fatal(err)
	}
	if flags(t, w) != before {
		t.Error("O_NONBLOCK set inside reached the caller's file")
	}
	write(t, out, "hi")
	if got := readN(t, r, 2); got != "hi" {
		t.Errorf("got %q", got)
	}
	if err := s.Wait(grace); err != nil {
		t.Error(err)
	}
}

func TestStreamsOutputToFile(t *testing.T) {
	for name, flag := range map[string]int{"offset": 0, "append": os.O_APPEND} {
		t.Run(name, func(t *testing.T) {
			f := openTemp(t, "0123456789", flag)
			if _, err := f.Seek(2, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			s := newStreams(t, nil, f, f)
			_, out, errOut := process(t, s)
			s.Start()
			write(t, out, "a\x1b]52;c;x\a") // a file gets every byte
			write(t, errOut, "b")
			write(t, out, "c")
			out.Close()
			errOut.Close()
			if err := s.Wait(grace); err != nil {
				t.Error(err)
			}
			want := "01a\x1b]52;c;x\abc"
			if flag != 0 {
				want = "0123456789" + want[2:]
			}
			if got := content(t, f); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestStreamsSeparateFiles(t *testing.T) {
	a, b := openTemp(t, "", 0), openTemp(t, "", 0)
	s := newStreams(t, nil, a, b)
	_, out, errOut := process(t, s)
	s.Start()
	write(t, out, "out")
	write(t, errOut, "err")
	out.Close()
	errOut.Close()
	if err := s.Wait(grace); err != nil {
		t.Error(err)
	}
	if content(t, a) != "out" || content(t, b) != "err" {
		t.Errorf("got %q and %q", content(t, a), content(t, b))
	}
}

func TestStreamsManyBytes(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef\x1b\x00\xff\r\n"), 1<<19)
	src, dst := openTemp(t, string(data), 0), openTemp(t, "", 0)
	s := newStreams(t, src, dst, nil)
	in, out, errOut := process(t, s)
	s.Start()
	errOut.Close()
	if _, err := io.Copy(struct{ io.Writer }{out}, struct{ io.Reader }{in}); err != nil {
		t.Fatal(err)
	}
	in.Close()
	out.Close()
	if err := s.Wait(grace); err != nil {
		t.Error(err)
	}
	if content(t, dst) != string(data) {
		t.Error("bytes were changed or lost")
	}
}

func TestStreamsSlowReaderLosesNothing(t *testing.T) {
	data := strings.Repeat("x", 3<<20)
	a, b := openSocket(t)
	s := newStreams(t, nil, a, nil)
	_, out, errOut := process(t, s)
	s.Start()
	errOut.Close()
	wrote := make(chan error, 1)
	go func() {
		_, err := io.WriteString(out, data)
		out.Close()
		wrote <- err
	}()
	waited := make(chan error, 1)
	read := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(io.Discard, b)
		read <- n
	}()
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	go func() { waited <- s.Wait(0) }()
	if err := <-waited; err != nil {
		t.Error(err)
	}
	a.Close()
	if n := <-read; n != int64(len(data)) {
		t.Errorf("%d bytes arrived of %d", n, len(data))
	}
}

func TestStreamsReaderGone(t *testing.T) {
	a, b := openSocket(t)
	s := newStreams(t, nil, a, nil)
	_, out, _ := process(t, s)
	s.Start()
	b.Close()
	var err error
	for err == nil {
		_, err = out.Write(make([]byte, 1<<16))
	}
	if !errors.Is(err, unix.EPIPE) {
		t.Errorf("writing gave %v", err)
	}
	if err := s.Wait(0); err != nil && !errors.Is(err, ErrCutOff) {
		t.Error(err)
	}
}

func TestStreamsInputGivenBack(t *testing.T) {
	for _, size := range []int{20, 8 << 20} {
		f := openTemp(t, strings.Repeat("0123456789", size/10), 0)
		s := newStreams(t, f, nil, nil)
		in, _, _ := process(t, s)
		s.Start()
		if got := readN(t, in, 5); got != "01234" {
			t.Errorf("got %q", got)
		}
		in.Close()
		if err := s.Wait(grace); err != nil {
			t.Error(err)
		}
		if at, err := f.Seek(0, io.SeekCurrent); err != nil || at != 5 {
			t.Errorf("of %d bytes, 5 were read, but the offset is %d (%v)", size, at, err)
		}
	}
}

func TestStreamsRefusedStartTakesNoInput(t *testing.T) {
	f := openTemp(t, "data", 0)
	s := newStreams(t, f, nil, nil)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if at, _ := f.Seek(0, io.SeekCurrent); at != 0 {
		t.Errorf("offset %d", at)
	}
}

func TestStreamsEndlessInputDoesNotHang(t *testing.T) {
	a, _ := openSocket(t)
	s := newStreams(t, a, nil, nil)
	in, _, _ := process(t, s)
	s.Start()
	in.Close()
	if err := s.Wait(grace); err != nil {
		t.Error(err)
	}
}

func TestStreamsTerminal(t *testing.T) {
	master, tty := openPTY(t)
	before := modes(t, tty)
	s := newStreams(t, tty, tty, tty)
	in, out, errOut := process(t, s)
	s.Start()
	write(t, master, "one\ntwo\n")
	if got := readN(t, in, 4); got != "one\n" {
		t.Errorf("read %q", got)
	}
	in.Close()
	_ = readN(t, master, len("one\r\ntwo\r\n")) // the echo
	write(t, out, "a\x1b]52;c;x\a")
	write(t, errOut, "b\x1b[6n")
	out.Close()
	errOut.Close()
	if got, want := readN(t, master, len("ab\x1b[6n")), "ab\x1b[6n"; got != want {
		t.Errorf("terminal got %q, want %q", got, want)
	}
	write(t, master, "\x1b[1;1R")
	if err := s.Wait(grace); err != nil {
		t.Error(err)
	}
	if n := pending(t, tty); n != 0 {
		t.Errorf("%d bytes of an answer are left to the next reader", n)
	}
	if modes(t, tty) != before {
		t.Error("modes were changed")
	}
}

func TestStreamsHeldOpen(t *testing.T) {
	f := openTemp(t, "", 0)
	s := newStreams(t, nil, f, nil)
	_, out, _ := process(t, s)
	s.Start()
	write(t, out, "before")
	if err := s.Wait(0); !errors.Is(err, ErrCutOff) {
		t.Errorf("Wait = %v", err)
	}
	if content(t, f) != "before" {
		t.Errorf("got %q", content(t, f))
	}
}
