package patch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
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

// TestEdits makes up files and edits, writes each edit as a patch, and has git(1) carry
// our diff out as well: both must come to the wanted file.
func TestEdits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.SampledFrom([]string{"a", "b", "c", "", " x", "\ty", "}", "-", "+", "@@", "…"})
		have := rapid.SliceOfN(word, 1, 30).Draw(r, "file")
		var want []string
		patch := beginMark + "\n*** Update File: a\n"
		// One chunk with the whole file has only one place.
		patch += "@@\n"
		for _, line := range have {
			switch rapid.IntRange(0, 5).Draw(r, "what") {
			case 0:
				patch += "-" + line + "\n"
			case 1:
				fresh := word.Draw(r, "fresh")
				patch += "-" + line + "\n+" + fresh + "\n"
				want = append(want, fresh)
			default:
				patch += " " + line + "\n"
				want = append(want, line)
			}
		}
		last := word.Draw(r, "last") + "." // the end is no empty line that could be dropped
		patch += "+" + last + "\n" + endMark + "\n"
		want = append(want, last)
		both(t, r, strings.Join(have, "\n")+"\n", patch, strings.Join(want, "\n")+"\n")
	})
}

// both carries a patch out, and then the patch's diff by git.
func both(t *testing.T, r *rapid.T, have, patch, want string) {
	dir := folder(t, map[string]string{"a": have, "git/a": have})
	files, err := Parse(patch)
	if err != nil {
		r.Fatal(err)
	}
	changes, err := Apply(dir, files)
	if err != nil {
		r.Fatalf("%v\n%s", err, patch)
	}
	if got, _ := os.ReadFile(dir + "/a"); string(got) != want {
		r.Fatalf("%q, want %q", got, want)
	}
	diff := fmt.Sprintf("--- a/a\n+++ b/a\n%s", changes[0].Diff)
	git := exec.Command("git", "apply", "--unidiff-zero", "-")
	git.Dir, git.Stdin = dir+"/git", strings.NewReader(diff)
	git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+dir, "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir)
	if out, err := git.CombinedOutput(); err != nil {
		r.Fatalf("git: %v\n%s\n%s", err, out, diff)
	}
	if got, _ := os.ReadFile(dir + "/git/a"); string(got) != want {
		r.Fatalf("git made %q of our diff, want %q", got, want)
	}
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
