package session

import (
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// buffers are shared: a session whose command is silent holds none.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// copyAll writes the output of f to to, up to the end of f. The end of f is no error.
func copyAll(to io.Writer, f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	for {
		var n int
		var readErr error
		buf := buffers.Get().(*[64 << 10]byte)
		err := conn.Read(func(fd uintptr) bool {
			if buf == nil {
				buf = buffers.Get().(*[64 << 10]byte)
			}
			n, readErr = unix.Read(int(fd), buf[:])
			if readErr == unix.EAGAIN || readErr == unix.EINTR {
				buffers.Put(buf) // for as long as nothing comes
				buf = nil
				return readErr == unix.EINTR
			}
			return true
		})
		if n > 0 {
			_, _ = to.Write(buf[:n]) // a buffer takes everything
		}
		if buf != nil {
			buffers.Put(buf)
		}
		switch {
		case err != nil:
			return err
		case readErr == unix.EINTR:
		case readErr != nil:
			return readErr
		case n == 0:
			return nil
		}
	}
}

// writeNow writes to f without waiting, and returns the number of bytes written. Errors
// are left to the next write.
func writeNow(f *os.File, text string) (n int) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	_ = conn.Write(func(fd uintptr) bool {
		n, _ = unix.Write(int(fd), []byte(text))
		return true
	})
	return max(n, 0)
}
