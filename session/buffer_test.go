package session

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestBuffer checks for any split into writes and looks: the output is the beginning and
// the end of the input, and the count of the bytes between.
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
				out := b.take(true)
				check(t, in[:len(in)-len(b.head)], out)
				in = append([]byte(nil), b.head...)
			}
		}
		check(t, in, b.take(false))
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

// TestCharactersStayWhole checks that characters, split anywhere, come out whole at each
// look, and complete in the end.
func TestCharactersStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("aé€𝄞\u0300")), 1, 60, -1).Draw(t, "text")
		if rapid.Bool().Draw(t, "long") {
			text = strings.Repeat(text, 2*BufferSize/len(text))
		}
		var b buffer
		var out strings.Builder
		missing := int64(0)
		take := func(more bool) {
			o := b.take(more)
			for _, part := range [][]byte{o.Head, o.Tail} {
				if !utf8.Valid(part) {
					t.Fatalf("cut: %q … %q", part[:min(4, len(part))], part[max(0, len(part)-4):])
				}
				out.Write(part)
			}
			missing += o.Omitted
		}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			b.Write([]byte(rest[:n]))
			rest = rest[n:]
			if rapid.Bool().Draw(t, "look") {
				take(true)
			}
		}
		take(false)
		if int64(out.Len())+missing != int64(len(text)) || missing == 0 && out.String() != text {
			t.Fatalf("%d bytes and %d missing of %d", out.Len(), missing, len(text))
		}
	})
}

// TestRecent checks that a tap gets the newest bytes of earlier output, at most recentSize.
func TestRecent(t *testing.T) {
	var b buffer
	var all []byte
	for i := range 200 {
		p := bytes.Repeat([]byte{byte(i)}, 1+i*7)
		all = append(all, p...)
		_, _ = b.Write(p)
		b.take(false)
		recent, stop := b.tap(io.Discard)
		stop()
		if want := all[max(0, len(all)-recentSize):]; !bytes.Equal(recent, want) {
			t.Fatalf("after %d bytes: %d recent bytes, not the newest %d", len(all), len(recent), len(want))
		}
	}
	if len(b.taps) != 0 || cap(b.recent) > 8*recentSize {
		t.Errorf("%d taps stay, and room for %d bytes", len(b.taps), cap(b.recent))
	}
}
