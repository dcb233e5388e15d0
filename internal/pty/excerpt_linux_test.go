//go:build linux

package pty

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestExcerptOfStreams checks that standard error arrives unchanged and in the excerpt, that
// standard output stays the caller's pipe, and that one pipe for both keeps its order.
func TestExcerptOfStreams(t *testing.T) {
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
		var excerpt Excerpt
		s, err := NewStreams(null, outW, errW, false, &excerpt)
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
		want := fmt.Sprintf("%s\n... %d bytes ...\n%s", long[:excerptHalf], len(long)-2*excerptHalf, long[len(long)-excerptHalf:])
		if merged {
			want = ""
		}
		if text := <-got; text != long || excerpt.Text() != want {
			t.Errorf("merged %v: %d bytes, %d in the excerpt", merged, len(text), len(excerpt.Text()))
		}
		outR.Close()
		errR.Close()
	}
}
