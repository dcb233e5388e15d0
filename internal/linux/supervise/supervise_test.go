//go:build linux

package supervise

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

func open(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// TestListens checks that a socket file counts only while a socket of the namespace
// listens.
func TestListens(t *testing.T) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		t.Fatal(err)
	}
	s := &sockets{fd: fd}
	dir := t.TempDir()
	name := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	at := open(t, name)
	for range 3 {
		if !s.listens(at) {
			t.Error("a socket that listens doesn't")
		}
	}
	for _, other := range []string{file, dir, "/dev/null"} {
		if s.listens(open(t, other)) {
			t.Errorf("%s listens", other)
		}
	}
	l.Close()
	if s.listens(at) {
		t.Error("a socket file that is left listens")
	}
	s.close()
	if s.listens(at) {
		t.Error("without a list something listens")
	}
}

func TestPathOf(t *testing.T) {
	for address, want := range map[string]string{
		"\x01\x00/a/b":        "/a/b",
		"\x01\x00/a\x00trash": "/a",
		"\x01\x00\x00name":    "",
		"\x01\x00":            "",
		"\x01":                "",
		"":                    "",
		"\x02\x00/a/b":        "",
	} {
		if got, ok := pathOf([]byte(address)); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", address, got, ok)
		}
	}
}

// TestResolve checks that a path means the caller's path, and that magic links lead to
// nothing of ours.
func TestResolve(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	self := os.Getpid()
	for path, want := range map[string]unix.Errno{
		name:                                      0,
		name + "/below":                           unix.ENOTDIR,
		name + "-none":                            unix.ENOENT,
		"/proc/self/root" + name:                  unix.ELOOP,
		"/proc/self/fd/" + itoa(f.Fd()) + "/x":    0,
		"/dev/fd/" + itoa(f.Fd()) + "/x":          0,
		"/proc/self/fd/" + itoa(f.Fd()) + "/none": unix.ENOENT,
		// The answer must not reveal files of the host.
		"/proc/self/fd/../cwd": unix.ENOENT,
		"/proc/self/fd/../../" + strconv.Itoa(self) + "/root" + name:   unix.ENOENT,
		"/proc/self/fd/" + itoa(f.Fd()) + "/..":                        unix.EXDEV,
		"/proc/self/fd/" + itoa(f.Fd()) + "/../" + filepath.Base(name): unix.EXDEV,
		"/proc/self/fd/" + strconv.Itoa(int(f.Fd())+5000):              unix.ENOENT,
		"/proc/self/fd/-1/x": unix.ENOENT,
	} {
		at, errno := resolve(self, path)
		if errno != want {
			t.Errorf("%s: %v, want %v", path, errno, want)
		}
		if errno == 0 {
			unix.Close(at)
		}
	}
}

func itoa(n uintptr) string { return strconv.Itoa(int(n)) }

// FuzzParse checks that parse ends on any answer, and accepts only whole answers.
func FuzzParse(f *testing.F) {
	f.Add([]byte{16, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{44, 0, 0, 0, 20, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 1, 0, 5, 0, 0, 0, 7, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		seen := 0
		if _, err := parse(b, 1, func(inode, device uint32) { seen++ }); err == nil && seen*12 > len(b) {
			t.Errorf("%d sockets in %d bytes", seen, len(b))
		}
	})
}
