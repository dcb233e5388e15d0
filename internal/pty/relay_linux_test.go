//go:build linux

package pty

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// relayed makes a relay for a caller's streams, and the command's descriptors. nil is the
// null device.
func relayed(t *testing.T, in, out, errOut *os.File) (r *Relay, command [3]*os.File) {
	t.Helper()
	given := [3]*os.File{in, out, errOut}
	for i, f := range given {
		if f == nil {
			given[i] = openNull(t)
		}
	}
	r, err := NewRelay(given)
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		t.Fatal("no pipe was made")
	}
	command[0], command[1], command[2] = process(t, &Streams{Child: r.Child})
	r.Start()
	t.Cleanup(func() { r.End() })
	return r, command
}

// rest reads what is left in a pipe whose writing ends are closed.
func rest(t *testing.T, f *os.File) string {
	t.Helper()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines are numbered lines of at least a number of bytes.
func lines(bytes int) string {
	var b strings.Builder
	for i := 0; b.Len() < bytes; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

// filled is a pipe with text, larger than usual if need be. The writing end is open.
func filled(t *testing.T, text string) (r, w *os.File) {
	t.Helper()
	r, w = openPipe(t)
	if len(text) > 60<<10 {
		if err := withFD(w, func(fd int) error {
			_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, 1<<20)
			return err
		}); err != nil {
			t.Skip(err) // the user has used up the memory for pipes
		}
	}
	write(t, w, text)
	return r, w
}

// TestRelayLeavesWhatIsNotRead checks that exactly the bytes that the command has read
// leave the caller's pipe, for inputs that fit into a pipe and for others.
func TestRelayLeavesWhatIsNotRead(t *testing.T) {
	for _, size := range []int{1, 100, 4096, 5000, 70_000, 500_000} {
		for _, open := range []bool{true, false} {
			text := lines(size)
			for _, take := range []int{0, 1, len(text) / 3, len(text) - 1, len(text)} {
				r, w := filled(t, text)
				if !open {
					w.Close()
				}
				relay, command := relayed(t, r, nil, nil)
				if got := readN(t, command[0], take); got != text[:take] {
					t.Fatalf("%d of %d bytes: other bytes were read", take, len(text))
				}
				command[0].Close()
				if err := relay.End(); err != nil {
					t.Error(err)
				}
				w.Close()
				if got := rest(t, r); got != text[take:] {
					t.Errorf("%d of %d bytes were read, writer open: %v: %d bytes are left", take, len(text), open, len(got))
				}
				r.Close()
			}
		}
	}
}

// TestRelayOneAfterAnother has commands read a line each, as in a loop of a shell.
func TestRelayOneAfterAnother(t *testing.T) {
	text := lines(3000)
	r, w := filled(t, text)
	for line := range strings.Lines(text) {
		relay, command := relayed(t, r, nil, nil)
		if got := readN(t, command[0], len(line)); got != line {
			t.Fatalf("read %q, want %q", got, line)
		}
		command[0].Close()
		if err := relay.End(); err != nil {
			t.Error(err)
		}
	}
	w.Close()
	if got := rest(t, r); got != "" {
		t.Errorf("%q is left", got)
	}
}

// TestRelayInputIsTheCallers checks that what a command writes into its input stays in its
// own pipe.
func TestRelayInputIsTheCallers(t *testing.T) {
	for _, text := range []string{"", "one\ntwo\n"} {
		r, w := filled(t, text)
		relay, command := relayed(t, r, nil, nil)
		own, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", command[0].Fd()), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		write(t, own, "INJECTED\n")
		own.Close()
		_ = readN(t, command[0], len("INJECTED\n"))
		write(t, w, "three\n")
		w.Close()
		command[0].Close()
		if err := relay.End(); err != nil {
			t.Error(err)
		}
		if got := rest(t, r); strings.Contains(got, "INJECTED") || !strings.HasSuffix(text+"three\n", got) {
			t.Errorf("the caller's pipe has %q", got)
		}
	}
}

// TestRelayOfAFullPipe checks that input comes after what a command has filled its own pipe
// with.
func TestRelayOfAFullPipe(t *testing.T) {
	r, w := openPipe(t)
	relay, command := relayed(t, r, nil, nil)
	own, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", command[0].Fd()), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	full := strings.Repeat("x", 64<<10)
	write(t, own, full)
	own.Close()
	write(t, w, "one\n")
	w.Close()
	if got := rest(t, command[0]); got != full+"one\n" {
		t.Errorf("%d bytes were read", len(got))
	}
	if err := relay.End(); err != nil {
		t.Error(err)
	}
	if got := rest(t, r); got != "" {
		t.Errorf("%q is left", got)
	}
}

// TestRelayFollowsTheWriter checks input that comes piece by piece, and its end.
func TestRelayFollowsTheWriter(t *testing.T) {
	for _, pieces := range [][]string{{}, {"a"}, {"one\n", "two\n", "three"}, {lines(9000), "x"}} {
		r, w := openPipe(t)
		relay, command := relayed(t, r, nil, nil)
		for _, piece := range pieces {
			write(t, w, piece)
			if got := readN(t, command[0], len(piece)); got != piece {
				t.Fatalf("read %q, want %q", got, piece)
			}
		}
		w.Close()
		if got := rest(t, command[0]); got != "" {
			t.Errorf("%q after the end", got)
		}
		if err := relay.End(); err != nil {
			t.Error(err)
		}
	}
}

// TestRelayEverything passes more than leaves the caller's pipe exactly.
func TestRelayEverything(t *testing.T) {
	text := lines(5 << 20)
	for _, resized := range []bool{false, true} {
		r, w := openPipe(t)
		relay, command := relayed(t, r, nil, nil)
		if resized { // by the command: its pipe is never full
			if err := withFD(command[0], func(fd int) error {
				_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, 1<<18)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		go func() {
			_, _ = io.WriteString(w, text)
			w.Close()
		}()
		if got := rest(t, command[0]); got != text {
			t.Errorf("resized: %v: %d of %d bytes, or others", resized, len(got), len(text))
		}
		command[0].Close()
		if err := relay.End(); err != nil {
			t.Error(err)
		}
	}
}

// TestRelayInputClosedByTheCommand checks that a command that closes its input leaves the
// rest, also for readers that come before its end.
func TestRelayInputClosedByTheCommand(t *testing.T) {
	r, w := filled(t, "one\ntwo\n")
	relay, command := relayed(t, r, nil, nil)
	if got := readN(t, command[0], 4); got != "one\n" {
		t.Errorf("read %q", got)
	}
	command[0].Close()
	<-relay.feed.done
	if got := readN(t, r, 4); got != "two\n" {
		t.Errorf("the next reader gets %q", got)
	}
	write(t, w, "three\n")
	w.Close()
	if err := relay.End(); err != nil {
		t.Error(err)
	}
	if got := rest(t, r); got != "three\n" {
		t.Errorf("%q is left", got)
	}
}

// TestRelayEndsAtOnce checks that an end waits for no writer.
func TestRelayEndsAtOnce(t *testing.T) {
	for _, text := range []string{"", "unread"} {
		r, _ := filled(t, text)
		relay, _ := relayed(t, r, nil, nil) // the command's end stays open
		if err := relay.End(); err != nil {
			t.Error(err)
		}
	}
	relay, command := relayed(t, endless(t), nil, nil)
	_ = readN(t, command[0], 2*mostExact)
	if err := relay.End(); err != nil {
		t.Error(err)
	}
}

// endless is a pipe that is always full.
func endless(t *testing.T) *os.File {
	t.Helper()
	r, w := openPipe(t)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for data := make([]byte, 1<<16); ; {
			if _, err := w.Write(data); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { r.Close(); <-over })
	return r
}

// TestRelayOfARefusedStart checks that nothing leaves the caller's pipe without a command.
func TestRelayOfARefusedStart(t *testing.T) {
	r, w := filled(t, "one\n")
	out, outW := filled(t, "waits")
	relay, err := NewRelay([3]*os.File{r, outW, outW})
	if err != nil {
		t.Fatal(err)
	}
	relay.Close()
	w.Close()
	outW.Close()
	if got := rest(t, r) + rest(t, out); got != "one\nwaits" {
		t.Errorf("%q is left", got)
	}
}

// TestRelayLeavesTheRest checks what needs no pipe of the command's own.
func TestRelayLeavesTheRest(t *testing.T) {
	_, w := openPipe(t)
	_, tty := openPTY(t)
	sock, _ := openSocket(t)
	file := openTemp(t, "text", 0)
	s := newStreams(t, file, nil, nil)
	for name, given := range map[string][3]*os.File{
		"empty output": {openNull(t), w, w}, "files": {file, file, file}, "terminal": {tty, tty, tty}, "socket": {sock, sock, sock},
		"none": {}, "pipes of a piped run": s.Child,
	} {
		if r, err := NewRelay(given); r != nil || err != nil {
			r.Close()
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if _, left := own.Load(idOfTest(t, s.Child[0])); left {
		t.Error("the pipe of a piped run counts for a second start")
	}
}

func idOfTest(t *testing.T, f *os.File) pipeID {
	t.Helper()
	id, err := idOf(f)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestRelayClosesItsFiles checks that no descriptor is left.
func TestRelayClosesItsFiles(t *testing.T) {
	before := countFiles(t)
	for i := range 6 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, "text")
		if i%2 == 0 {
			w.Close()
		}
		relay, err := NewRelay([3]*os.File{r, w, w})
		if err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			relay.Close()
		} else {
			relay.Start()
			_ = relay.End()
		}
		r.Close()
		w.Close()
	}
	if after := countFiles(t); after != before {
		t.Errorf("%d files are open, before %d", after, before)
	}
}

func countFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
