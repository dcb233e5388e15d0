package pty

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTail compares a Tail with the end of all that was kept.
func TestTail(t *testing.T) {
	(*Tail)(nil).keep([]byte("x"))
	rapid.Check(t, func(r *rapid.T) {
		var tail Tail
		all := ""
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 2*tailSize), 0, 6).Draw(r, "sizes") {
			part := strings.Repeat("0123456789a", n/11+1)[:n]
			tail.keep([]byte(part))
			all += part
		}
		if want := all[max(0, len(all)-tailSize):]; tail.Text() != want {
			r.Errorf("%d bytes, want %d", len(tail.Text()), len(want))
		}
	})
}
