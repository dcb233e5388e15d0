//go:build linux

package pty

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestTailOfStreams checks that standard error arrives unchanged and in the tail, that
// standard output stays the caller's pipe, and that one pipe for both keeps its order.
func TestTailOfStreams(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	long := strings.Repeat("0123456789abcdef", 4<<10)
	for _, merged := range []bool{false, true} {
		outR, outW, _ := os.Pipe()
		errR, errW, _ := os.Pipe()
		if merged {
			errR, errW = outR, outW
		}
		var tail Tail
		s, err := NewStreams(null, outW, errW, false, &tail)
		if err != nil {
			t.Fatal(err)
		}
		_, out, errOut := process(t, s)
		if !sameOutput(out, outW) || sameOutput(errOut, errW) != merged {
			t.Errorf("merged %v: the pipes are others", merged)
		}
		s.Start()
		got := make(chan string)
		go func() {
			b, _ := io.ReadAll(errR)
			got <- string(b)
		}()
		write(t, errOut, long)
		out.Close()
		errOut.Close()
		if err := s.Wait(time.Second); err != nil {
			t.Error(err)
		}
		outW.Close()
		errW.Close()
		want := long[len(long)-tailSize:]
		if merged {
			want = ""
		}
		if text := <-got; text != long || tail.Text() != want {
			t.Errorf("merged %v: %d bytes, %d in the tail", merged, len(text), len(tail.Text()))
		}
		outR.Close()
		errR.Close()
	}
}
