package tui

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"

	"github.com/lockstile/lockstile/internal/emulated"
)

// emulator reads what a painter writes.
func emulator(t *testing.T, w, h int) *vt.Emulator {
	t.Helper()
	e := vt.NewEmulator(w, h)
	t.Cleanup(func() { e.InputPipe().(io.Closer).Close() })
	return e
}

// TestCompose drives a painter through frames, and reads the screen after each.
func TestCompose(t *testing.T) {
	e := emulator(t, 20, 6)
	p := newPainter(io.Discard, look{reflows: true})
	step := func(want string, finished []string, lines ...string) {
		t.Helper()
		_, _ = e.Write([]byte(p.compose(finished, frame{lines: lines, row: len(lines) - 1, col: 2, width: 20, height: 6})))
		if got := emulated.Text(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	step("one\ntwo", nil, "one", "two")
	step("one\n2", nil, "one", "2")
	step("done\none\n2", []string{"done"}, "one", "2")
	step("done\nx", nil, "x")
	step("done\nx\ny\nz", nil, "x", "y", "z")
	step("done\nx\n"+strings.Repeat("w", 20)+"\nz", nil, "x", strings.Repeat("w", 20), "z")
	step("done\n日本語日本語日本語…\nb", nil, strings.Repeat("日本語", 9), "b")
	step("6\n7\n8\n9\na\nb", []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "a", "b")
	var tall []string
	for i := range 40 {
		tall = append(tall, fmt.Sprint("t", i))
	}
	step("9\nt35\nt36\nt37\nt38\nt39", nil, tall...)
	step("9\nend", nil, "end")
}

// TestNarrowing gives a painter a narrower terminal, with and without reflow: nothing of
// the old frame stays behind.
func TestNarrowing(t *testing.T) {
	for _, reflows := range []bool{false, true} {
		p := newPainter(io.Discard, look{reflows: reflows})
		e := emulator(t, 40, 10)
		old := frame{lines: []string{strings.Repeat("a", 39), strings.Repeat("b", 39), "c"}, row: 2, width: 40, height: 10}
		_, _ = e.Write([]byte(p.compose([]string{"done"}, old)))
		narrow := 25
		if reflows { // the emulator doesn't wrap, so that the test writes what a terminal would make
			e = emulator(t, narrow, 10)
			fmt.Fprintf(e, "done\r\n%s\r\n%s\r\n%s\r\n%s\r\nc\r", strings.Repeat("a", 25), strings.Repeat("a", 14), strings.Repeat("b", 25), strings.Repeat("b", 14))
		} else {
			e.Resize(narrow, 10)
		}
		_, _ = e.Write([]byte(p.compose(nil, frame{lines: []string{"x", "y"}, row: 1, width: narrow, height: 10})))
		if got := emulated.Text(e); got != "done\nx\ny" {
			t.Errorf("reflows %v: %q", reflows, got)
		}
	}
}

// stuck is a terminal that takes nothing until it is freed.
type stuck struct {
	asked, free chan struct{}
	once        sync.Once
	got         bytes.Buffer
}

func (s *stuck) Write(b []byte) (int, error) {
	s.once.Do(func() { close(s.asked) })
	<-s.free
	return s.got.Write(b)
}

// TestStuckTerminal prints, shows and holds while the terminal takes nothing: only hold
// waits, and gives up. In the end each line is there, and the newest frame.
func TestStuckTerminal(t *testing.T) {
	out := &stuck{asked: make(chan struct{}), free: make(chan struct{})}
	p := newPainter(out, look{plain: true})
	over := make(chan struct{})
	go func() { defer close(over); p.run() }()
	for i := range 5000 {
		p.print(fmt.Sprintf("line %d.", i))
		p.show(frame{lines: []string{fmt.Sprintf("frame %d.", i)}, width: 80, height: 24})
	}
	<-out.asked // from here on the painter waits for the terminal
	if p.hold(20 * time.Millisecond) {
		t.Error("a stuck terminal was given away")
	}
	close(out.free)
	for !p.hold(time.Minute) {
		t.Fatal("the terminal stays stuck")
	}
	p.stop()
	<-over
	for i := range 5000 {
		if strings.Count(out.got.String(), fmt.Sprintf("line %d.", i)) != 1 {
			t.Fatalf("line %d is missing, or there twice", i)
		}
	}
	if n := strings.Count(out.got.String(), "frame "); n > 20 || bytes.Contains(out.got.Bytes(), []byte("\x1b[3")) {
		t.Errorf("%d frames", n)
	}
}
