//go:build linux

package cachesets

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSeats(t *testing.T) {
	root := t.TempDir()
	set := filepath.Join(root, "s")
	one, err := Take(set, "/ws")
	must(t, err)
	two, err := Take(set, "/ws")
	must(t, err)
	if one.Folder != FolderOf(set, 0) || two.Folder != FolderOf(set, 1) {
		t.Errorf("%s, %s", one.Folder, two.Folder)
	}
	must(t, Make(one.Folder, []string{"x"}, []string{"own"}))
	must(t, os.MkdirAll(one.Folder+"/x/work/work/incompat/volatile", 0o700))
	must(t, os.Chmod(one.Folder+"/x/work/work", 0))
	must(t, Make(one.Folder, []string{"x"}, []string{"own"}))
	if left, err := os.ReadDir(one.Folder + "/x/work"); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	all, err := List(root)
	must(t, err)
	if len(all) != 2 || !all[0].Busy || all[0].Workspace != "/ws" {
		t.Errorf("%+v", all)
	}
	if removed, err := all[0].Remove(); removed || err != nil {
		t.Errorf("removed %v: %v", removed, err)
	}
	one.Leave()
	again, err := Take(set, "/ws")
	must(t, err)
	if again.Folder != FolderOf(set, 0) {
		t.Error(again.Folder)
	}
}

// TestPrune checks that the oldest seats go first, and that a seat in use stays.
func TestPrune(t *testing.T) {
	root := t.TempDir()
	age := func(name string, ago time.Duration) Seat {
		seat, err := Take(filepath.Join(root, name), "/"+name)
		must(t, err)
		must(t, os.Mkdir(seat.Folder+"/x", 0o700))
		must(t, os.WriteFile(seat.Folder+"/x/file", make([]byte, 1000), 0o600))
		must(t, os.Chmod(seat.Folder+"/x", 0o500)) // as Go's modules
		then := time.Now().Add(-ago)
		must(t, os.Chtimes(seat.Folder+"/lock", then, then))
		return seat
	}
	oldest := age("oldest", 3*time.Hour)
	old, young := age("old", 2*time.Hour), age("young", time.Hour)
	old.Leave()
	young.Leave()
	must(t, Prune(root, 2500, nil))
	left, err := List(root)
	must(t, err)
	if len(left) != 2 || left[0].Workspace != "/oldest" || left[1].Workspace != "/young" {
		t.Errorf("%+v", left)
	}
	// Alone above the bound, the seat in use is begun anew by the next start.
	must(t, Prune(root, 500, nil))
	oldest.Leave()
	anew, err := Take(filepath.Join(root, "oldest"), "/oldest")
	must(t, err)
	if names, err := os.ReadDir(anew.Folder); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
	must(t, Prune(root, 1<<20, nil))
	if names, _ := filepath.Glob(root + "/gone.*"); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
}
