//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package cachesets

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock of an open file, which the system gives back when the holder
// dies.
func tryLock(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == unix.EWOULDBLOCK {
		return false, nil
	}
	return err == nil, err
}
