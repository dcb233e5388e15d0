package session

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestBuffer: at any split into writes and looks, what comes out is the beginning
// and the end of what went in, and the count of what is missing between.
func TestBuffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b buffer
		var in []byte
		next := byte(0)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			n := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(0, 3*half)).Draw(t, "n")
			p := make([]byte, n)
			for i := range p {
				p[i] = next
				next = next*31 + 7
			}
			if m, err := b.Write(p); m != n || err != nil {
				t.Fatalf("wrote %d, %v", m, err)
			}
			in = append(in, p...)
			if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
				check(t, in, b.take())
				in = nil
			}
		}
		check(t, in, b.take())
	})
}

func check(t *rapid.T, in []byte, out Output) {
	if got := int64(len(out.Head)+len(out.Tail)) + out.Omitted; got != int64(len(in)) {
		t.Fatalf("%d bytes in, %d out", len(in), got)
	}
	if len(in) <= BufferSize && out.Omitted != 0 {
		t.Fatalf("%d bytes in, and %d are omitted", len(in), out.Omitted)
	}
	if len(out.Head)+len(out.Tail) > BufferSize {
		t.Fatalf("%d bytes are kept", len(out.Head)+len(out.Tail))
	}
	if !bytes.HasPrefix(in, out.Head) || !bytes.HasSuffix(in, out.Tail) {
		t.Fatal("what is kept is neither beginning nor end")
	}
}
