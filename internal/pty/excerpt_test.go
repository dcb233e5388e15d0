package pty

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestExcerpt compares an Excerpt with the ends of all that was written.
func TestExcerpt(t *testing.T) {
	_, _ = (*Excerpt)(nil).Write([]byte("x"))
	rapid.Check(t, func(r *rapid.T) {
		var excerpt Excerpt
		all := ""
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 2*excerptHalf), 0, 6).Draw(r, "sizes") {
			part := strings.Repeat("0123456789a", n/11+1)[:n]
			_, _ = excerpt.Write([]byte(part))
			all += part
		}
		want := all
		if missing := len(all) - 2*excerptHalf; missing > 0 {
			want = fmt.Sprintf("%s\n... %d bytes ...\n%s", all[:excerptHalf], missing, all[len(all)-excerptHalf:])
		}
		if got := excerpt.Text(); got != want {
			r.Errorf("%d bytes, want %d", len(got), len(want))
		}
	})
}
