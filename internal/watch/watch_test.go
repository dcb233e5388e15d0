//go:build linux

package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func say(c Change) string {
	if c.Gone {
		return "-" + c.Name
	}
	return c.Name
}

func TestWatch(t *testing.T) {
	var w Watch
	defer w.Close()
	dir := t.TempDir()
	names, others := make(chan string, 100), make(chan string, 100)
	remove, err := w.Add(dir, func(c Change) { names <- say(c) })
	if err != nil {
		t.Fatal(err)
	}
	removeOther, err := w.Add(dir+"/.", func(c Change) { others <- say(c) })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "-a", "b"} {
		for _, c := range []chan string{names, others} {
			select {
			case got := <-c:
				if got != want {
					t.Errorf("%q, want %q", got, want)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("nothing came")
			}
		}
	}
	remove()
	if err := os.Symlink("x", filepath.Join(dir, "c")); err != nil {
		t.Fatal(err)
	}
	if got := <-others; got != "c" {
		t.Errorf("%q", got)
	}
	if len(names) != 0 {
		t.Error("it is told of after its end")
	}
	removeOther()
	if _, err := w.Add(filepath.Join(dir, "none"), nil); err == nil {
		t.Error("a folder that isn't there is watched")
	}
	gone := filepath.Join(dir, "b")
	remove, err = w.Add(gone, func(Change) {})
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(gone)
	remove()
}

func TestOverflowIsTold(t *testing.T) {
	var w Watch
	defer w.Close()
	names := make(chan string, 1)
	remove, err := w.Add(t.TempDir(), func(c Change) { names <- say(c) })
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	w.pass(event{id: -1, mask: unix.IN_Q_OVERFLOW})
	if got := <-names; got != "" {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00ab\x00\x00"))
	f.Add([]byte{})
	f.Fuzz(func(_ *testing.T, b []byte) { parse(b) })
}

// TestClosed checks that nothing opens a watch again.
func TestClosed(t *testing.T) {
	var w Watch
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Open() == nil {
		t.Error("a closed watch opens")
	}
	if _, err := w.Add(t.TempDir(), func(Change) {}); err == nil {
		t.Error("a closed watch takes a folder")
	}
}
