package patch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// FuzzParse checks for any text: a patch, or a *SyntaxError with a line of the text; no
// name is empty, and every line of a chunk has an operation.
func FuzzParse(f *testing.F) {
	for _, c := range cases {
		f.Add(beginMark + "\n" + c.patch + "\n" + endMark)
	}
	f.Fuzz(func(t *testing.T, text string) {
		files, err := Parse(text)
		var bad *SyntaxError
		if err != nil {
			if !errors.As(err, &bad) || bad.Line < 1 || bad.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, file := range files {
			if badName(file.Path) || file.Kind == Update && len(file.Chunks) == 0 && file.To == "" {
				t.Errorf("%+v", file)
			}
			for _, c := range file.Chunks {
				for _, l := range c.Lines {
					if strings.IndexByte(" -+", l.Op) < 0 || strings.Contains(l.Text, "\n") {
						t.Errorf("%+v", l)
					}
				}
			}
		}
	})
}

// FuzzEdit checks for any file and any chunks that the diff, carried out by line numbers
// alone, makes the same lines as the edit.
func FuzzEdit(f *testing.F) {
	for _, c := range cases {
		f.Add(c.files["a"], c.patch)
	}
	f.Fuzz(func(t *testing.T, have, text string) {
		files, err := Parse(beginMark + "\n" + text + "\n" + endMark)
		if err != nil {
			return
		}
		for _, file := range files {
			fresh, diff, err := edit("a", have, file.Chunks)
			if err != nil || strings.Contains(have+text, "@@ -") {
				continue // a line that looks like a hunk
			}
			want := strings.ReplaceAll(strings.Join(byNumbers(t, split(have).lines, diff), "\n"), "\r\n", "\n")
			if split(have).ends {
				fresh = strings.TrimSuffix(fresh, "\n")
			}
			if got := strings.ReplaceAll(fresh, "\r\n", "\n"); strings.TrimSuffix(got, "\r") != strings.TrimSuffix(want, "\r") {
				t.Errorf("%q became %q, and by the diff %q\n%s", have, got, want, diff)
			}
		}
	})
}

// byNumbers carries a unified diff out without a look at the lines that stay.
func byNumbers(t *testing.T, have []string, diff string) (out []string) {
	at := 0
	for hunk := range strings.SplitSeq(diff, "@@ -") {
		if hunk == "" {
			continue
		}
		var old, gone, fresh, come int
		if _, err := fmt.Sscanf(hunk, "%d,%d +%d,%d @@", &old, &gone, &fresh, &come); err != nil {
			t.Fatalf("%v in %q", err, hunk)
		}
		if gone > 0 {
			old--
		}
		out = append(out, have[at:old]...)
		at = old + gone
		_, body, _ := strings.Cut(hunk, "\n")
		stay := old
		for line := range strings.SplitSeq(strings.TrimSuffix(body, "\n"), "\n") {
			switch line[0] {
			case '+':
				out = append(out, line[1:])
			case ' ':
				out = append(out, have[stay])
				stay++
			default:
				stay++
			}
		}
	}
	return append(out, have[at:]...)
}

// BenchmarkFind looks for lines that almost match everywhere: the time grows with the
// length, not with its square.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			have := strings.Repeat("x\n", n)
			chunk := Chunk{Lines: []Line{{'+', "new"}}}
			for range n / 2 {
				chunk.Lines = append(chunk.Lines, Line{' ', "x"})
			}
			chunk.Lines = append(chunk.Lines, Line{'-', "y"})
			for b.Loop() {
				if _, _, err := edit("a", have, []Chunk{chunk}); err == nil {
					b.Fatal("found")
				}
			}
		})
	}
}
