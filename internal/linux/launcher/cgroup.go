//go:build linux

package launcher

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/plan"
)

// cgroup is the cgroup of a start (cgroups(7)). The cgroup exists for as long as its
// folder is locked; the lock ends with our process at the latest.
type cgroup struct {
	dir string
	fd  int // of the folder, locked
}

// CgroupError says that the plan asks for a cgroup, and that the cgroup could not be
// made.
type CgroupError struct{ Err error }

func (e *CgroupError) Error() string { return "make a cgroup: " + e.Err.Error() }

// Unwrap returns the failed call.
func (e *CgroupError) Unwrap() error { return e.Err }

// cgroupPrefix begins the names of our cgroups.
const cgroupPrefix = "lockstile-"

// newCgroup makes a cgroup with a plan's limits, and returns nil if the plan has no
// cgroup.
func newCgroup(l plan.Limits) (*cgroup, error) {
	if l.Cgroup == "" {
		return nil, nil
	}
	for tries := 0; ; tries++ {
		c, err := makeCgroup(l)
		if err == nil {
			return c, nil
		}
		// A process that clears up may remove the folder before the lock.
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.ENOENT) || tries == 3 {
			return nil, &CgroupError{err}
		}
	}
}

func makeCgroup(l plan.Limits) (*cgroup, error) {
	dir, err := os.MkdirTemp(l.Cgroup, cgroupPrefix)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = unix.Rmdir(dir)
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	c := &cgroup{dir, fd}
	if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = c.bound(l)
	}
	if err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// bound sets the limits. The kernel ends the whole tree above the memory limit: half a
// tree is of no use.
func (c *cgroup) bound(l plan.Limits) error {
	for _, set := range []struct{ file, value string }{
		{"pids.max", strconv.FormatInt(l.Processes, 10)},
		{"memory.max", strconv.FormatUint(l.Memory, 10)},
		{"memory.oom.group", "1"},
		{"memory.swap.max", "0"}, // swap is memory as well
	} {
		err := c.write(set.file, set.value)
		if errors.Is(err, unix.ENOENT) && set.file == "memory.swap.max" {
			continue // a kernel without swap
		}
		if err != nil {
			return fmt.Errorf("%s: %w", set.file, err)
		}
	}
	return nil
}

func (c *cgroup) write(name, text string) error {
	fd, err := unix.Openat(c.fd, name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}

// outOfMemory reports whether the kernel has ended processes in the cgroup for memory.
func (c *cgroup) outOfMemory() bool {
	if c == nil {
		return false
	}
	text, err := os.ReadFile(c.dir + "/memory.events")
	if err != nil {
		return false
	}
	_, n, _ := strings.Cut(string(text), "oom_kill ")
	n, _, _ = strings.Cut(n, "\n")
	return n != "" && n != "0"
}

// remove ends the processes left in the cgroup, usually none, and removes the cgroup.
func (c *cgroup) remove() {
	if c == nil || c.fd < 0 {
		return
	}
	removeCgroup(c.dir)
	unix.Close(c.fd)
	c.fd = -1
}

// removeCgroup ends the processes of a cgroup (cgroup.kill: Linux 5.14), and removes the
// cgroup. The kernel may take some time to notice the end of the processes.
func removeCgroup(dir string) {
	for wait := time.Microsecond * 50; wait < time.Second; wait *= 2 {
		if err := unix.Rmdir(dir); err != unix.EBUSY {
			return
		}
		if wait > time.Millisecond {
			_ = os.WriteFile(dir+"/cgroup.kill", []byte("1"), 0)
		}
		time.Sleep(wait)
	}
}

// clearCgroups removes cgroups without a holder: their lockstile was killed.
func clearCgroups(parent string) {
	found, err := filepath.Glob(parent + "/" + cgroupPrefix + "*")
	if err != nil {
		return
	}
	for _, dir := range found {
		fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil {
			removeCgroup(dir)
		}
		unix.Close(fd)
	}
}
