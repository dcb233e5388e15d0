package patch

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

const numbers = "one\ntwo\nthree\nfour\n"

// cases are patches as models write them. A nil want means an error, and files as before.
var cases = map[string]struct {
	files map[string]string
	patch string
	want  map[string]string
}{
	"an update":                {map[string]string{"a": numbers}, "*** Update File: a\n@@\n two\n-three\n+3", map[string]string{"a": "one\ntwo\n3\nfour\n"}},
	"two places":               {map[string]string{"a": numbers}, "*** Update File: a\n@@\n-one\n+1\n@@\n-four\n+4", map[string]string{"a": "1\ntwo\nthree\n4\n"}},
	"two places out of order":  {map[string]string{"a": numbers}, "*** Update File: a\n@@\n-four\n+4\n@@\n-one\n+1", nil},
	"plus before minus":        {map[string]string{"a": numbers}, "*** Update File: a\n@@\n+2\n-two\n three", map[string]string{"a": "one\n2\nthree\nfour\n"}},
	"a new file in a folder":   {map[string]string{"a": numbers}, "*** Add File: d/e f/n\n+x\n+\n+y\n*** Delete File: a", map[string]string{"d/e f/n": "x\n\ny\n"}},
	"an empty new file":        {nil, "*** Add File: n", map[string]string{"n": ""}},
	"add over a file":          {map[string]string{"a": numbers}, "*** Add File: a\n+x", map[string]string{"a": "x\n"}},
	"a move":                   {map[string]string{"a": numbers}, "*** Update File: a\n*** Move to: sub/b c\n@@\n-one\n+1", map[string]string{"sub/b c": "1\ntwo\nthree\nfour\n"}},
	"a move alone":             {map[string]string{"a": numbers}, "*** Update File: a\n*** Move to: b", map[string]string{"b": numbers}},
	"a move to itself":         {map[string]string{"a": numbers}, "*** Update File: a\n*** Move to: ./a\n@@\n-one\n+1", map[string]string{"a": "1\ntwo\nthree\nfour\n"}},
	"a move onto a file":       {map[string]string{"a": numbers, "b": numbers}, "*** Update File: a\n*** Move to: b\n@@\n-one\n+1", nil},
	"a swap by way of deletes": {map[string]string{"a": "x\n", "b": "y\n"}, "*** Delete File: b\n*** Update File: a\n*** Move to: b", map[string]string{"b": "x\n"}},
	"CR LF in the file":        {map[string]string{"a": "one\r\ntwo\r\n"}, "*** Update File: a\n@@\n one\n-two\n+2\n+3", map[string]string{"a": "one\r\n2\r\n3\r\n"}},
	"CR LF in the patch":       {map[string]string{"a": numbers}, "*** Update File: a\r\n@@\r\n one\r\n-two\r\n+2", map[string]string{"a": "one\n2\nthree\nfour\n"}},
	"no last newline":          {map[string]string{"a": "one\ntwo"}, "*** Update File: a\n@@\n-two\n+2", map[string]string{"a": "one\n2"}},
	"CR LF, no last newline":   {map[string]string{"a": "one\r\ntwo"}, "*** Update File: a\n@@\n-two\n+2", map[string]string{"a": "one\r\n2"}},
	"blanks differ":            {map[string]string{"a": "\tone  \n\ttwo\n"}, "*** Update File: a\n@@\n one\n-two\n+\t2", map[string]string{"a": "\tone  \n\t2\n"}},
	"typographic letters":      {map[string]string{"a": "say “hi” – now\nx\n"}, "*** Update File: a\n@@\n say \"hi\" - now\n-x\n+y", map[string]string{"a": "say “hi” – now\ny\n"}},
	"the exact place first":    {map[string]string{"a": " x\nx\n"}, "*** Update File: a\n@@\n-x\n+y", map[string]string{"a": " x\ny\n"}},
	"below a header":           {map[string]string{"a": "f()\nx\ng()\nx\n"}, "*** Update File: a\n@@ g()\n-x\n+y", map[string]string{"a": "f()\nx\ng()\ny\n"}},
	"below two headers":        {map[string]string{"a": "x\nclass A\nf()\nx\nclass B\nf()\nx\n"}, "*** Update File: a\n@@ class B\n@@ f()\n-x\n+y", map[string]string{"a": "x\nclass A\nf()\nx\nclass B\nf()\ny\n"}},
	"below a header's start":   {map[string]string{"a": "f(x) {\nx\n  g(y) {\nx\n"}, "*** Update File: a\n@@ g\n-x\n+y", map[string]string{"a": "f(x) {\nx\n  g(y) {\ny\n"}},
	"the header as a line":     {map[string]string{"a": "f()\nx\ng()\nx\n"}, "*** Update File: a\n@@ g()\n g()\n-x\n+y", map[string]string{"a": "f()\nx\ng()\ny\n"}},
	"lines below a header":     {map[string]string{"a": "f()\nx\n"}, "*** Update File: a\n@@ f()\n+new", map[string]string{"a": "f()\nnew\nx\n"}},
	"numbers of diff":          {map[string]string{"a": numbers}, "*** Update File: a\n@@ -1,2 +1,2 @@\n one\n-two\n+2", map[string]string{"a": "one\n2\nthree\nfour\n"}},
	"the end of the file":      {map[string]string{"a": "x\ny\nx\n"}, "*** Update File: a\n@@\n-x\n+z\n*** End of File", map[string]string{"a": "x\ny\nz\n"}},
	"lines at the end":         {map[string]string{"a": numbers}, "*** Update File: a\n@@\n+five", map[string]string{"a": numbers + "five\n"}},
	"an empty line that stays": {map[string]string{"a": "one\n\ntwo\n"}, "*** Update File: a\n@@\n one\n\n-two\n+2", map[string]string{"a": "one\n\n2\n"}},
	"an empty line too many":   {map[string]string{"a": "one\ntwo\n"}, "*** Update File: a\n@@\n-one\n+1\n two\n", map[string]string{"a": "1\ntwo\n"}},
	"an empty line between":    {map[string]string{"a": numbers, "b": numbers}, "*** Update File: a\n@@\n-one\n+1\n\n*** Update File: b\n@@\n-two\n+2", map[string]string{"a": "1\ntwo\nthree\nfour\n", "b": "one\n2\nthree\nfour\n"}},
	"a file twice":             {nil, "*** Add File: n\n+x\n*** Update File: n\n@@\n-x\n+y", map[string]string{"n": "y\n"}},
	"two names of one file":    {map[string]string{"d/a": numbers, "b": numbers}, "*** Update File: d/../b\n@@\n-one\n+1\n*** Update File: b\n@@\n-two\n+2", map[string]string{"d/a": numbers, "b": "1\n2\nthree\nfour\n"}},
	"added and deleted":        {map[string]string{"a": numbers}, "*** Add File: n\n+x\n*** Delete File: n", map[string]string{"a": numbers}},
	"lines that aren't there":  {map[string]string{"a": numbers, "b": numbers}, "*** Update File: a\n@@\n-one\n+1\n*** Update File: b\n@@\n-no\n+x", nil},
	"a file that isn't there":  {map[string]string{"a": numbers}, "*** Add File: n\n+x\n*** Update File: no\n@@\n-no\n+x", nil},
	"deleted twice":            {map[string]string{"a": numbers}, "*** Delete File: a\n*** Delete File: a", nil},
	"below a file":             {map[string]string{"a": numbers}, "*** Update File: a\n@@\n-one\n+1\n*** Add File: a/b\n+x", nil},
	"a folder":                 {map[string]string{"d/a": numbers}, "*** Update File: d\n@@\n-one\n+1", nil},
	"a diff":                   {map[string]string{"a": numbers}, "--- a\n+++ a\n@@\n-one\n+1", nil},
	"no file":                  {map[string]string{"a": numbers}, "", nil},
	"a header without a name":  {map[string]string{"a": numbers}, "*** Delete File: ", nil},
	"nothing changes":          {map[string]string{"a": numbers}, "*** Update File: a", nil},
}

func TestApply(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.files)
			err := apply(dir, beginMark+"\n"+c.patch+"\n"+endMark+"\n")
			want := c.want
			if want == nil {
				want = c.files
			}
			if (err != nil) != (c.want == nil) {
				t.Errorf("the error is %v", err)
			}
			if got := contents(t, dir); !maps.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// TestAround checks what may stand around a patch, and that a cut patch changes nothing.
func TestAround(t *testing.T) {
	const body = "*** Begin Patch\n*** Update File: a\n@@\n-one\n+1\n"
	for text, good := range map[string]bool{
		body + "*** End Patch": true, "cat <<'EOF'\n" + body + "*** End Patch\nEOF\n": true, "```diff\n" + body + "*** End Patch\n```\n": true,
		"\n\n  " + body + " *** End Patch \n": true, body: false, "please:\n" + body + "*** End Patch": false, "": false, body[:30]: false,
	} {
		dir := folder(t, map[string]string{"a": numbers})
		err := apply(dir, text)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if changed := contents(t, dir)["a"] != numbers; changed != good {
			t.Errorf("%q: changed %v", text, changed)
		}
	}
}

func TestDiff(t *testing.T) {
	dir := folder(t, map[string]string{"a": numbers, "c": "x\n"})
	files, err := Parse("*** Begin Patch\n*** Update File: a\n@@\n one\n-two\n+2\n+3\n@@\n-four\n*** Add File: n\n+x\n*** Add File: c\n+y\n*** Delete File: a\n*** End Patch")
	must(t, err)
	got, err := Apply(dir, files)
	must(t, err)
	want := []Change{
		{Kind: Update, Path: "a", Diff: "@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n@@ -4,1 +4,0 @@\n-four\n"},
		{Kind: Add, Path: "n", Diff: "@@ -0,0 +1,1 @@\n+x\n"},
		{Kind: Update, Path: "c", Diff: "@@ -1,1 +1,1 @@\n-x\n+y\n"},
		{Kind: Delete, Path: "a"},
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

func apply(dir, text string) error {
	files, err := Parse(text)
	if err == nil {
		_, err = Apply(dir, files)
	}
	return err
}

func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

// contents reads all files below dir.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	}))
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
