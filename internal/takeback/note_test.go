package takeback

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/trail"
)

func FuzzDecodeNote(f *testing.F) {
	f.Add(string(encodeNote("1 2", []Folder{{Root: "/a", Dir: "/a", Names: []string{".git", "x"}, Bare: "HEAD", Had: []string{".x"}}, {Root: "/b", Dir: "/b/c"}})))
	f.Add(noteFormat + "\x00\x00/a\x00/a\x000:0\x00\x001\x00../x\x000\x00")
	f.Add(noteFormat + "\x00\x00/a\x00/a\x000:0\x00\x0099999999999999999999\x00")
	f.Fuzz(func(t *testing.T, text string) {
		_, folders := decodeNote(text)
		for _, a := range folders {
			for _, n := range slices.Concat(a.Names, a.Had) {
				if !trail.Within(a.Dir, a.Root) || n == "" || n == ".." || strings.Contains(n, "/") {
					t.Errorf("%q: %+v", text, a)
				}
			}
		}
	})
}

// TestNotes checks that a held note is left alone, and that a note without a holder is
// carried out, once.
func TestNotes(t *testing.T) {
	dir, notes, store := t.TempDir(), t.TempDir(), Store{}
	none := func(string, bool) bool { return false }
	living := false
	alive := func(string) bool { return living }
	folders := []Folder{{Root: dir, Dir: dir, Names: []string{".git", ".envrc"}}}
	note, err := Write(notes, ".denied-a", "tree", folders)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	if back, _ := Recover(notes, store, none, alive); back != nil {
		t.Errorf("taken back from a start that lives: %v", back)
	}
	if err := note.Done(); err != nil {
		t.Fatal(err)
	}
	if back, _ := Recover(notes, store, none, alive); back != nil || !exists(filepath.Join(dir, ".git")) {
		t.Errorf("taken back by a note that is done: %v", back)
	}
	if err := os.WriteFile(filepath.Join(notes, "start.denied-b"), encodeNote("", folders), 0o600); err != nil {
		t.Fatal(err)
	}
	living = true
	if back, _ := Recover(notes, store, none, alive); len(back) != 1 || !exists(filepath.Join(notes, "start.denied-b")) {
		t.Errorf("from a living tree: %v", back)
	}
	living = false
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".git.denied-b-r-0")); err != nil {
		t.Fatal(err)
	}
	want := []Back{{filepath.Join(dir, ".git"), filepath.Join(dir, ".git.denied-b-r-0")}}
	// The way to a folder now leads outside: nothing is renamed there.
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "way")); err == nil {
		write := []Folder{{Root: dir, Dir: filepath.Join(dir, "way"), Names: []string{"x"}}}
		if err := os.WriteFile(filepath.Join(outside, "x"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(notes, "start.denied-c"), encodeNote("", write), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if back, _ := Recover(notes, store, none, alive); !reflect.DeepEqual(back, want) || exists(filepath.Join(dir, ".git")) {
		t.Errorf("%v", back)
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 1 || len(left) == 1 && left[0].Name() != "x" {
		t.Errorf("%v, %v", left, err)
	}
	if entries, err := os.ReadDir(notes); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestLeftNote checks that the process whose start left a name can take the name back later.
func TestLeftNote(t *testing.T) {
	dir, notes := t.TempDir(), t.TempDir()
	note, err := Write(notes, ".denied-a", "tree", []Folder{{Root: dir, Dir: dir, Names: []string{".git"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	note.Leave()
	none, dead := func(string, bool) bool { return false }, func(string) bool { return false }
	if back, left := Recover(notes, Store{}, none, dead); len(back) != 1 || len(left) != 0 {
		t.Errorf("%v, %v", back, left)
	}
	if entries, err := os.ReadDir(notes); err != nil || len(entries) != 0 {
		t.Errorf("the note is still there: %v, %v", entries, err)
	}
}

// TestRecoverClosed checks that folders that a killed command has closed keep no name. Root
// may open any folder.
func TestRecoverClosed(t *testing.T) {
	dir, notes := t.TempDir(), t.TempDir()
	for _, name := range []string{"x.denied", ".envrc", "sub/.claude"} {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	folders := []Folder{{Root: dir, Dir: dir, Names: []string{".envrc"}}, {Root: dir, Dir: filepath.Join(dir, "sub"), Names: []string{".claude"}}}
	if err := os.WriteFile(filepath.Join(notes, "start.denied-a"), encodeNote("", folders), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, closed := range []string{"sub", ""} {
		if err := os.Chmod(filepath.Join(dir, closed), 0o100); err != nil {
			t.Fatal(err)
		}
	}
	byEnd := func(name string, root bool) bool { return root && filepath.Ext(name) == ".denied" }
	back, left := Recover(notes, Store{}, byEnd, func(string) bool { return false })
	if len(back) != 3 || len(left) != 0 {
		t.Errorf("%+v %+v", back, left)
	}
}
