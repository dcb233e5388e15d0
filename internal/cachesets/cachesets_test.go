//go:build linux

package cachesets

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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

// TestRemoveOfFoldersWithoutEnd checks that no depth of a command's folders keeps a seat from
// its removal, and that no link leads the removal out.
func TestRemoveOfFoldersWithoutEnd(t *testing.T) {
	var was unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: was.Max}))
	defer func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &was)) }()
	root, outside := t.TempDir(), t.TempDir()
	seat, err := Take(filepath.Join(root, "s"), "/ws")
	must(t, err)
	must(t, Make(seat.Folder, []string{"x"}, nil))
	at, err := unix.Open(seat.Folder+"/x/upper", unix.O_PATH|unix.O_DIRECTORY, 0)
	must(t, err)
	for range 5000 {
		must(t, unix.Mkdirat(at, "d", 0o700))
		must(t, unix.Symlinkat(outside, at, "link"))
		next, err := unix.Openat(at, "d", unix.O_PATH|unix.O_DIRECTORY, 0)
		must(t, err)
		unix.Close(at)
		at = next
	}
	must(t, unix.Mkdirat(at, "closed", 0))
	unix.Close(at)
	must(t, os.WriteFile(outside+"/file", nil, 0o600))
	must(t, os.Chmod(outside, 0o750))
	seat.Leave()
	all, err := List(root)
	must(t, err)
	if removed, err := all[0].Remove(); !removed || err != nil {
		t.Errorf("removed %v: %.200v", removed, err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
	if info, err := os.Stat(outside); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("%v, %v", info, err)
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
