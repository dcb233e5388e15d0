//go:build linux

package takeback

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/trail"
)

func folderID(t *testing.T, dir string) trail.ID {
	t.Helper()
	way, err := trail.Walk(dir)
	if err != nil {
		t.Fatal(err)
	}
	return way.ID
}

func make1(t *testing.T, path string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte("x"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestTake checks the ways of a name: into the store, beside its place, and nowhere if the
// folder is another one than before.
func TestTake(t *testing.T) {
	root := t.TempDir()
	id := folderID(t, root)
	stored := Taker{Store{t.TempDir() + "/store"}, ".denied-a"}
	make1(t, root+"/.vscode/settings.json")
	if err := os.Chmod(root+"/.vscode", 0o500); err != nil {
		t.Fatal(err)
	}
	back, left := stored.All([]Name{{Root: root, Path: root + "/.vscode", ID: id}, {Root: root, Path: root + "/.none", ID: id}})
	if len(left) != 0 || len(back) != 1 || exists(root+"/.vscode") || !exists(back[0].Now+"/settings.json") || stored.Store.NameOf(back[0].Now) == "" {
		t.Fatalf("%+v %+v", back, left)
	}
	inPlace := Taker{Suffix: ".denied-b"}
	long := strings.Repeat("n", 255)
	for _, name := range []string{".envrc", long} {
		make1(t, root+"/"+name)
		b, err := inPlace.Take(Name{Root: root, Path: root + "/" + name, ID: id}, len(name))
		if err != nil || exists(b.Path) || !exists(b.Now) || filepath.Dir(b.Now) != root {
			t.Errorf("%+v %v", b, err)
		}
	}
	// A command that has seen the suffix of one name makes the next ones.
	for _, name := range []string{".idea", ".idea.denied-b-7", ".denied-b-7"} {
		make1(t, root+"/"+name)
	}
	if b, err := inPlace.Take(Name{Root: root, Path: root + "/.idea", ID: id}, 7); err != nil || exists(b.Path) || !exists(b.Now) {
		t.Errorf("%+v %v", b, err)
	}
	// A folder closed to writing is opened, and closed again.
	make1(t, root+"/shut/.envrc")
	if err := os.Chmod(root+"/shut", 0o500); err != nil {
		t.Fatal(err)
	}
	if b, err := stored.Take(Name{Root: root, Path: root + "/shut/.envrc"}, 1); err != nil || exists(b.Path) {
		t.Errorf("%+v %v", b, err)
	}
	if info, err := os.Stat(root + "/shut"); err != nil || info.Mode().Perm() != 0o500 {
		t.Errorf("%v %v", info, err)
	}
}

// TestTakeNothingElse checks that no link and no other folder leads to something else.
func TestTakeNothingElse(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	make1(t, root+"/tools/x")
	make1(t, root+"/.git/hooks")
	make1(t, outside+"/hooks")
	id := folderID(t, root+"/tools")
	taker := Taker{Store{t.TempDir()}, ".denied-a"}
	name := Name{Root: root, Path: root + "/tools/hooks", ID: id}
	if err := os.Rename(root+"/tools", root+"/t2"); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{".git", outside, "t2/../.git"} {
		if err := os.Symlink(to, root+"/tools"); err != nil {
			t.Fatal(err)
		}
		if b, err := taker.Take(name, 1); !errors.Is(err, errMoved) {
			t.Errorf("over a link to %s: %+v %v", to, b, err)
		}
		os.Remove(root + "/tools")
	}
	make1(t, root+"/tools/hooks")
	if b, err := taker.Take(name, 1); !errors.Is(err, errMoved) {
		t.Errorf("in another folder: %+v %v", b, err)
	}
	if !exists(root+"/.git/hooks") || !exists(outside+"/hooks") || !exists(root+"/tools/hooks") {
		t.Error("something else was taken")
	}
}

func TestStore(t *testing.T) {
	root := t.TempDir()
	s := Store{t.TempDir() + "/store"}
	if all, err := s.List(); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
	taker := Taker{s, ".denied-a"}
	for range 2 {
		make1(t, root+"/.envrc")
		if _, err := taker.Take(Name{Root: root, Path: root + "/.envrc"}, 1); err != nil {
			t.Fatal(err)
		}
	}
	make1(t, root+"/.idea/deep/x")
	if err := os.Chmod(root+"/.idea/deep", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := taker.Take(Name{Root: root, Path: root + "/.idea"}, 1); err != nil {
		t.Fatal(err)
	}
	all, err := s.List()
	if err != nil || len(all) != 3 || all[2].Kind != "folder" || all[0].Path != root+"/.envrc" || time.Since(all[0].Time) > time.Hour {
		t.Fatalf("%+v %v", all, err)
	}
	if _, err := s.Restore(root + "/.envrc"); err == nil || !strings.Contains(err.Error(), "2 things") {
		t.Errorf("%v", err)
	}
	if e, err := s.Restore(all[0].Name); err != nil || !exists(root+"/.envrc") || e.Path != root+"/.envrc" {
		t.Errorf("%+v %v", e, err)
	}
	if _, err := s.Restore(root + "/.envrc"); err == nil || !strings.Contains(err.Error(), "is there again") {
		t.Errorf("%v", err)
	}
	if n, err := s.Clear(time.Hour); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	// A link on the way leads the restored name nowhere.
	make1(t, root+"/deep/.envrc")
	if _, err := taker.Take(Name{Root: root, Path: root + "/deep/.envrc"}, 1); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	if err := os.Remove(root + "/deep"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, root+"/deep"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(root + "/deep/.envrc"); err == nil || !strings.Contains(err.Error(), "a link is on the way") || exists(outside+"/.envrc") {
		t.Errorf("%v", err)
	}
	s.Expire()
	if n, err := s.Clear(0); n != 3 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if left, err := os.ReadDir(s.Dir); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
}
