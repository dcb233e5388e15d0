//go:build linux

package pty

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRelayOutput checks that a command can't read what waits in the caller's pipe, and
// that its output follows.
func TestRelayOutput(t *testing.T) {
	r, w := filled(t, "secret\n")
	relay, command := relayed(t, nil, w, w)
	if relay.Child[1] != relay.Child[2] {
		t.Error("output and error have two pipes")
	}
	write(t, command[1], "out\n")
	write(t, command[2], "err\n")
	own, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", command[1].Fd()), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	if n, _ := unix.Read(own, b); bytes.Contains(b[:max(n, 0)], []byte("secret")) {
		t.Error("the command has read what others wrote")
	}
	_ = unix.Close(own)
	write(t, command[1], "last\n")
	command[1].Close()
	command[2].Close()
	if err := relay.End(); err != nil {
		t.Error(err)
	}
	w.Close()
	if got := rest(t, r); !strings.HasPrefix(got, "secret\n") || !strings.HasSuffix(got, "last\n") {
		t.Errorf("the caller's reader gets %q", got)
	}
}

func TestRelayReaderGone(t *testing.T) {
	for _, silent := range []bool{true, false} {
		r, w := filled(t, "x")
		relay, command := relayed(t, nil, w, nil)
		r.Close()
		if silent {
			<-relay.drains[0].done // the command may ask whether somebody reads
		}
		var err error
		for err == nil {
			_, err = command[1].Write(make([]byte, 1<<16))
		}
		if !errors.Is(err, unix.EPIPE) {
			t.Errorf("writing gave %v", err)
		}
		if err := relay.End(); err != nil {
			t.Error(err)
		}
	}
}

func TestRelaySlowReaderLosesNothing(t *testing.T) {
	text := lines(3 << 20)
	r, w := filled(t, "begin\n")
	relay, command := relayed(t, nil, w, nil)
	w.Close() // the relay has its own
	go func() {
		_, _ = io.WriteString(command[1], text)
		command[1].Close()
	}()
	got := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		got <- string(b)
	}()
	if all := <-got; all != "begin\n"+text {
		t.Errorf("%d bytes of %d, or others", len(all), len(text)+6)
	}
	if err := relay.End(); err != nil {
		t.Error(err)
	}
}

// TestRelayHeldOpen checks that an end passes on what waits, and no more: a process
// outside may hold the command's end.
func TestRelayHeldOpen(t *testing.T) {
	r, w := filled(t, "x")
	relay, command := relayed(t, nil, w, nil)
	write(t, command[1], "before")
	if err := relay.End(); err != nil {
		t.Error(err)
	}
	w.Close()
	if got := rest(t, r); got != "xbefore" {
		t.Errorf("got %q", got)
	}
}

func TestRelayCut(t *testing.T) {
	r, w := openPipe(t)
	if err := withFD(w, func(fd int) error { // one page
		_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, linePipe)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	write(t, w, strings.Repeat("x", linePipe))
	relay, command := relayed(t, nil, w, nil)
	write(t, command[1], "never read")
	command[1].Close()
	relay.Cut() // nothing yet
	ended := make(chan error, 1)
	go func() { ended <- relay.End() }()
	for over := false; !over; time.Sleep(time.Millisecond) {
		select {
		case err := <-ended:
			if over = true; !errors.Is(err, ErrCutOff) {
				t.Errorf("End = %v", err)
			}
		default:
			relay.Cut() // before End begins, it does nothing
		}
	}
	if got := readN(t, r, linePipe); strings.Trim(got, "x") != "" {
		t.Errorf("got %q", got)
	}
}
