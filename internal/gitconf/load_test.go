package gitconf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// found writes what Load returns: each path below dir with its entries, "absent" or the error.
func found(dir string, files []*File) (out []string) {
	for _, f := range files {
		s := strings.TrimPrefix(f.Path, dir+"/")
		switch {
		case f.Err != nil:
			s += " " + strings.ReplaceAll(f.Err.Error(), dir+"/", "")
		case f.Absent:
			s += " absent"
		}
		out = append(out, s)
	}
	return out
}

func TestLoad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", nil, []string{"c absent"}},
		{"below a file", map[string]string{"c": "[include]\npath = c/x\n"}, []string{"c", "c/x absent"}},
		{"every condition, each file once, breadth first",
			map[string]string{"c": "[include]\npath = a\n[includeIf \"gitdir:/nowhere/\"]\npath = sub/b\n[Include]PATH=a", "a": "[a]k", "sub/b": "[include]\npath = d\npath = ../a\n", "sub/d": "[include]\npath = ../c"},
			[]string{"c", "a", "sub/b", "sub/d", "sub/../a", "sub/../c", "sub/../sub/b", "sub/../sub/d", "sub/../sub/../a", "sub/../sub/../c"}},
		{"no path is cleaned", map[string]string{"c": "[include]\npath = ./link/..//a\n"}, []string{"c", "./link/..//a absent"}},
		{"homes", map[string]string{"c": "[include]\npath = ~/a\npath = ~root-not-here/x\n", "a": ""}, []string{"c c: line 3: include.path names a home folder that isn't known", "a"}},
		{"no value", map[string]string{"c": "[include]\npath\npath = a\n", "a": ""}, []string{"c c: line 2: include.path has no value", "a"}},
		{"no path", map[string]string{"c": "[include]\npath =\n"}, []string{"c", " : the file is a folder"}},
		{"a folder", map[string]string{"c": "[include]\npath = sub\n", "sub/x": ""}, []string{"c", "sub sub: the file is a folder"}},
		{"a syntax error", map[string]string{"c": "[include]\npath = a\n[", "a": "\n[]"}, []string{"c c: line 4: git can't read the line", "a a: line 2: git can't read the line"}},
		{"large", map[string]string{"c": "[include]\npath = a\n", "a": strings.Repeat("\n", mostBytes+1)}, []string{"c", "a a: the configuration has more than 1 MiB"}},
		{"other keys", map[string]string{"c": "[include \"x\"]\npath = a\n[includeIf]\npath = a\n[a]\npath = a\n", "a": ""}, []string{"c"}},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			write(t, dir+"/"+name, text)
		}
		l := Loader{Home: dir}
		got := found(dir, l.Load(dir+"/c"))
		if c.name[0] == 'e' {
			got = got[:min(len(got), len(c.want))] // the rest are the same files by longer names
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestLoadReadsOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a", "[include]\npath = c")
	write(t, dir+"/b", "[include]\npath = c")
	write(t, dir+"/c", "[x]k=1")
	var l Loader
	first := l.Load(dir + "/a")
	write(t, dir+"/c", "[")
	second := l.Load(dir + "/b")
	if len(first) != 2 || len(second) != 2 || first[1] != second[1] || shown(second[1].Entries) != "x.k=1" {
		t.Errorf("got %q and %q", found(dir, first), found(dir, second))
	}
}

// TestLoadDepth checks the depth at which git ends: ten files deep is allowed.
func TestLoadDepth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 14 {
		write(t, fmt.Sprintf("%s/%d", dir, i), fmt.Sprintf("[include]\npath = %d\n", i+1))
	}
	var l Loader
	files := l.Load(dir + "/0")
	if len(files) != 12 || files[10].Err != nil || files[11].Err == nil || files[11].Path != dir+"/11" || len(files[11].Entries) > 0 {
		t.Errorf("got %q", found(dir, files))
	}
	if want := dir + "/11: the file is included more than 10 files deep, by line 2 of " + dir + "/10"; files[11].Err.Error() != want {
		t.Errorf("got %v, want %s", files[11].Err, want)
	}
	if files = l.Load(dir + "/3"); len(files) != 12 || files[10].Err != nil || !files[11].Absent {
		t.Errorf("got %q", found(dir, files))
	}
}

func TestLoadBounds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "[include]\npath = ./%s/c\n", strings.Repeat("./", i))
	}
	write(t, dir+"/c", text.String()) // includes itself by 30 names, which each have 30 more
	write(t, dir+"/many", strings.Repeat("[include]path=x\n", 2*mostFiles))
	write(t, dir+"/big", "#"+strings.Repeat("x", mostBytes-2)+"\n")
	text.Reset()
	for i := range 30 {
		fmt.Fprintf(&text, "[include]\npath = %sbig\n", strings.Repeat("./", i))
	}
	write(t, dir+"/sum", text.String())
	write(t, dir+"/good", "[a]k")
	var l Loader
	for _, c := range []struct {
		name  string
		files int
		err   string
	}{
		{"c", mostFiles + 1, ": the configuration includes more than 1000 files, or more than 16 MiB"},
		{"sum", 18, "/sum: line 34: the configuration includes more than 1000 files, or more than 16 MiB"},
		{"many", 2, ""},
		{"good", 1, ""},
	} {
		files := l.Load(dir + "/" + c.name)
		last := files[len(files)-1]
		if len(files) != c.files || (last.Err != nil) != (c.err != "") || last.Err != nil && !strings.HasSuffix(last.Err.Error(), c.err) {
			t.Errorf("%s: %d files, at the end %+v", c.name, len(files), last)
		}
	}
	if err := l.Load(dir + "/many")[0].Err; err == nil || err.Error() != dir+"/many: line 1002: include.path is one of more than 1000 includes" {
		t.Errorf("got %v", err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/c", "[a]\nk = \"\n")
	var l Loader
	var err *Error
	if !errors.As(l.Load(dir + "/c")[0].Err, &err) || err.File != dir+"/c" || err.Line != 2 {
		t.Errorf("got %+v", err)
	}
	for e, want := range map[*Error]string{
		{Reason: "r"}: "r",
		{File: "f", Reason: "r", Err: fs.ErrPermission}:     "f: r",
		{File: "f", Line: 3, Reason: "r"}:                   "f: line 3: r",
		{Line: 3, Reason: "r", Err: os.ErrDeadlineExceeded}: "line 3: r",
	} {
		if e.Error() != want || e.Err != nil && !errors.Is(e, e.Err) {
			t.Errorf("%+v says %q, want %q", e, e.Error(), want)
		}
	}
}
