// Package filelock locks open files among processes (flock(2), LockFileEx). Package
// filelock must never wait: a stopped holder would hang the caller.
package filelock

import (
	"errors"
	"os"
)

// ErrNone is the answer on systems whose file locks are not known to hold.
var ErrNone = errors.New("this system has no file lock that lockstile can use")

// Try takes the lock of an open file, for one holder or, shared, for several. ok is false
// while another process holds the lock. The system gives the lock back when the holder
// dies.
func Try(f *os.File, shared bool) (ok bool, err error) { return try(f, shared) }

// Release gives the lock back. Release can't leave the lock behind, even on failure:
// closing the file, or the end of the process, gives the lock up as well.
func Release(f *os.File) { _ = release(f) }
