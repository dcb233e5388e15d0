//go:build unix

package rollout

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock of an open file. The kernel gives the lock back when the holder
// dies (flock(2)).
func tryLock(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == unix.EWOULDBLOCK {
		return false, nil
	}
	return err == nil, err
}
