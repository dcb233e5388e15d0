//go:build linux

package launcher

import (
	"os"

	"golang.org/x/sys/unix"
)

// Mounts watches for changes of the host's mounts: an open mountinfo has an error event
// (proc_pid_mountinfo(5) and proc_mounts(5)), once for each change.
type Mounts struct{ fd int }

// WatchMounts begins to watch. The caller must Close the Mounts.
func WatchMounts() (*Mounts, error) {
	fd, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open mountinfo", err)
	}
	return &Mounts{fd}, nil
}

// Changed reports whether the mounts have changed, or true if the poll fails. Changed
// reports each change once.
func (m *Mounts) Changed() bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(m.fd), Events: unix.POLLPRI}}, 0)
	return n != 0 || err != nil
}

// Close ends the watch.
func (m *Mounts) Close() {
	if m != nil {
		unix.Close(m.fd)
	}
}
