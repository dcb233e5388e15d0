//go:build unix

package gitconf

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
)

// TestNotRegular checks that Load waits for no file, and opens no device.
func TestNotRegular(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", dir+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for name, to := range map[string]string{"loop": "loop", "dangling": "nowhere/x", "to-fifo": "fifo", "null": os.DevNull} {
		if err := os.Symlink(to, dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir+"/c", "[include]\npath = fifo\npath = to-fifo\npath = socket\npath = loop\npath = dangling\npath = null\npath = /dev/null\npath = /dev/zero\npath = /dev/tty\npath = /proc/self/mem/x\n")
	var l Loader
	got := found(dir, l.Load(dir+"/c"))
	want := []string{"c", "fifo fifo: the file is a FIFO", "to-fifo to-fifo: the file is a FIFO", "socket socket: the file is not a regular file", "loop loop: too many levels of symbolic links",
		"dangling absent", "null", "/dev/null", "/dev/zero /dev/zero: the file is a device", "/dev/tty /dev/tty: the file is a device", "/proc/self/mem/x absent"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestPermission(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root reads every file")
	}
	dir := t.TempDir()
	write(t, dir+"/c", "[a]k")
	if err := os.Chmod(dir+"/c", 0); err != nil {
		t.Fatal(err)
	}
	var l Loader
	if f := l.Load(dir + "/c")[0]; !errors.Is(f.Err, fs.ErrPermission) || f.Absent {
		t.Errorf("got %+v", f)
	}
}

// TestLinks checks that the kernel follows "..", behind a link too.
func TestLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/far/deep/c", "[include]\npath = ../inc")
	write(t, dir+"/far/inc", "[far]k")
	write(t, dir+"/inc", "[near]k")
	if err := os.Symlink("far/deep", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	var l Loader
	if files := l.Load(dir + "/link/c"); len(files) != 2 || shown(files[1].Entries) != "far.k" || files[1].Path != dir+"/link/../inc" {
		t.Errorf("got %q", found(dir, files))
	}
}

// TestBothReadings checks that an include is followed as each version of git reads it.
func TestBothReadings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/c", "[include]\npath = a\tb\n")
	write(t, dir+"/a b", "")
	var l Loader
	if got, want := found(dir, l.Load(dir+"/c")), []string{"c", "a\tb absent", "a b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
