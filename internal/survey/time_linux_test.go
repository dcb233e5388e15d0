package survey

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLooseTimes checks that each folder is read on a file system where programs can set
// a folder's change time, whatever the change time says.
func TestLooseTimes(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	before, err := walk(root, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(root+"/sub/.git", 0o755); err != nil {
		t.Fatal(err)
	}
	// As if the folder's time did not show the change.
	before.at += int64(3 * settled)
	before.folders["sub"].changed = stampOf(root + "/sub").changed
	found := func() bool {
		now, err := walk(root, nil, before)
		if err != nil {
			t.Fatal(err)
		}
		return now.folders["sub"].has(".git")
	}
	if found() {
		t.Fatal("the probe shows nothing: the change is seen here")
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(root, &fs); err != nil {
		t.Fatal(err)
	}
	defer func(was []int64) { loose = was }(loose)
	loose = append(loose[:len(loose):len(loose)], int64(uint32(fs.Type)))
	if !found() {
		t.Errorf("what came to %s is not seen", filepath.Join(root, "sub"))
	}
}

// TestUnchanged checks what proves that a known walk still holds: each fact alone spoils it.
func TestUnchanged(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"/a/b", "/c"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	known, err := walk(root, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	known.at += int64(3 * settled) // as if the folders had been made long before
	const at = 2
	rel := known.order[at]
	for name, spoil := range map[string]func(seen []stamp){
		"":                   func([]stamp) {},
		"later change":       func(seen []stamp) { seen[at].changed++ },
		"no time":            func(seen []stamp) { seen[at].changed, known.folders[rel].changed = 0, 0 },
		"not settled":        func(seen []stamp) { known.at = seen[at].changed + int64(settled) },
		"other file system":  func(seen []stamp) { seen[at].device++ },
		"no folder any more": func(seen []stamp) { seen[at].dir = false },
		"gone":               func(seen []stamp) { seen[at].err = unix.ENOENT },
		"root changed":       func(seen []stamp) { seen[0].changed++ },
		"folder left out":    func([]stamp) { known.folders[rel].dirs = []string{"x"} },
	} {
		wasAt, was := known.at, *known.folders[rel]
		seen := stamps(root, known)
		device := seen[0].device
		spoil(seen)
		if got := known.unchanged(device, seen); got != (name == "") {
			t.Errorf("%q: unchanged is %v", name, got)
		}
		known.at, *known.folders[rel] = wasAt, was
	}
	if known.unchanged(stamps(root, known)[0].device, nil) {
		t.Error("nothing was seen, and the walk holds")
	}
}

// TestKnownWalk checks that a walk with a known tree finds the same as a walk without.
func TestKnownWalk(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/a/b", 0o755); err != nil {
		t.Fatal(err)
	}
	known, err := walk(root, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, change := range []func() error{
		func() error { return nil },
		func() error { return os.MkdirAll(root+"/a/b/.git", 0o755) },
		func() error { return nil },
		func() error { return os.Rename(root+"/a", root+"/z") },
		func() error { return os.WriteFile(root+"/z/Makefile", nil, 0o600) },
		func() error { return os.RemoveAll(root + "/z/b") },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		got, err := walk(root, nil, known)
		if err != nil {
			t.Fatal(err)
		}
		want, err := walk(root, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.order) != len(want.order) || !reflect.DeepEqual(got.folders, want.folders) {
			t.Errorf("change %d: %v, want %v", i, got.order, want.order)
		}
		known = got
		known.at += int64(3 * settled) // as if the folders had rested
	}
}
