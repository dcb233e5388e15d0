package survey

import (
	"os"
	"path/filepath"
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
