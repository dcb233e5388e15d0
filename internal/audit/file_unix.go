//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// openOwned opens path for reading and writing, and makes a missing file with mode 0600.
// openOwned refuses a file that another user could have put there or may write. The file
// is not pollable, for speed: one open, one fcntl, one fstat.
func openOwned(path string, appending bool) (*os.File, fs.FileInfo, error) {
	flags := unix.O_RDWR | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NOCTTY
	if appending {
		flags |= unix.O_APPEND
	}
	fd, err := openRetry(path, flags)
	if errors.Is(err, unix.ENOENT) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, nil, refuse("the folder for the log cannot be made", hintFor(path, err), err)
		}
		fd, err = openRetry(path, flags)
	}
	if err != nil {
		return nil, nil, refuseOpen(path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, refuseOpen(path, err)
	}
	if err := checkOwned(path, info); err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func openRetry(path string, flags int) (int, error) {
	for {
		fd, err := unix.Open(path, flags, 0o600)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

func checkOwned(path string, info fs.FileInfo) error {
	if err := checkKind(path, info); err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return refuse("the owner of "+path+" cannot be told", "", nil)
	}
	if uid := os.Geteuid(); int(st.Uid) != uid {
		return refuse(fmt.Sprintf("%s belongs to user %d, not to user %d", path, st.Uid, uid),
			moveAside(path)+", or set LOCKSTILE_HOME to a folder of your own", nil)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return refuse(fmt.Sprintf("%s may be written by others (mode %04o)", path, mode),
			"run lockstile log verify, then chmod go-w "+path, nil)
	}
	return nil
}

// openReadOnly does not wait for a writer if path is a named pipe.
func openReadOnly(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

// appendBytes adds b at the end in one write(2). With O_APPEND the write does not
// overwrite bytes that another program appended meanwhile.
func appendBytes(f *os.File, b []byte, _ int64) error {
	n, err := f.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// leastFileLimit is the least limit of file sizes, in bytes, under which the log is
// written: SIGXFSZ ends a program that writes past the limit (setrlimit(2)).
const leastFileLimit = 16 << 20

func checkFileLimit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err == nil && uint64(limit.Cur) < leastFileLimit {
		return refuse("the limit of file sizes is too low for the log", "ulimit -f 16384, or limits.file_size_mb for the command alone", unix.EFBIG)
	}
	return nil
}
