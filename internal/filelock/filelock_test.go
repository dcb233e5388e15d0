package filelock

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTry checks who may hold a lock together with whom. Two openings of a file are two
// holders, as two processes are.
func TestTry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b := open(), open()
	step := func(f *os.File, shared, want bool) {
		t.Helper()
		if ok, err := Try(f, shared); ok != want || err != nil {
			t.Errorf("%v, %v, want %v", ok, err, want)
		}
	}
	step(a, false, true)
	step(b, false, false)
	step(b, true, false)
	Release(a)
	step(b, true, true)
	step(a, true, true)
	Release(a)
	step(a, false, false)
	b.Close() // as the end of a process does
	step(a, false, true)
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Errorf("the lock keeps writers out: %v", err)
	}
}
