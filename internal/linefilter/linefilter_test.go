package linefilter

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestFilter checks what passes, however the stream comes in pieces.
func TestFilter(t *testing.T) {
	const most = 100_000
	long := strings.Repeat("x", most+1)
	stream := "keep 1\ndrop\n" + long + "\n" + "keep " + long[:most-6] + "\nkeep " + long[:most-5] + "\n\nkeep the end"
	want := "<keep 1\n>[long]<keep " + long[:most-6] + "\n>[long]<keep the end>"
	for name, in := range map[string]io.Reader{
		"whole": strings.NewReader(stream), "bytes": iotest.OneByteReader(strings.NewReader(stream)), "the end with the data": iotest.DataErrReader(strings.NewReader(stream)),
	} {
		f := New(io.NopCloser(in), most, func(line []byte, long bool) []byte {
			switch {
			case long && line == nil:
				return []byte("[long]")
			case bytes.HasPrefix(line, []byte("keep")):
				return append(append([]byte("<"), line...), '>')
			}
			return nil
		})
		got, err := io.ReadAll(f)
		if err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, want %d, %v", name, len(got), len(want), err)
		}
	}
	f := New(io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), most, func(line []byte, _ bool) []byte { return line })
	if _, err := f.Read(make([]byte, 1)); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
}
