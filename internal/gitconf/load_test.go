package gitconf

import (
	"os"
	"path/filepath"
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

func TestLoadFollows(t *testing.T) {
	home := t.TempDir()
	write(t, home+"/.gitconfig", "[include]\npath = a\npath = ~/gone\n[includeIf \"gitdir:/nowhere/\"]\npath = "+home+"/sub/b\n")
	write(t, home+"/a", "[a]\nk = 1\n")
	write(t, home+"/sub/b", "[include]\npath = ../a\npath = c\n")
	write(t, home+"/sub/c", "[c]\nk = 1\n[")
	l := Loader{Home: home}
	want := []string{"/.gitconfig", "/a", "/gone", "/sub/b", "/sub/../a", "/sub/c"}
	for i, f := range l.Load(home + "/.gitconfig") {
		if i >= len(want) || f.Path != home+want[i] || f.Absent != (f.Path == home+"/gone") || (f.Err != nil) != (f.Path == home+"/sub/c") {
			t.Errorf("%d: %+v", i, f)
		}
	}
}
