//go:build linux

package tape

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Join has descriptors of namespaces for the first process to be made in: a user
// namespace of ours, and a network namespace of the user namespace (-1: none). Only a
// process with a single thread can enter a user namespace (setns(2)): a short-lived
// process enters, and makes the first process as our child (CLONE_PARENT).
type Join struct{ User, Net int }

// prepare writes the arguments of the clones.
func (t *Tape) prepare(flags uint64, in *Join) {
	flags |= unix.CLONE_CLEAR_SIGHAND
	t.h.join, t.h.joined, t.h.failed = [2]int32{-1, -1}, 0, 0
	t.h.clone = cloneArgs{flags: flags, exitSignal: uint64(unix.SIGCHLD)}
	if in == nil {
		return
	}
	t.h.join = [2]int32{int32(in.User), int32(in.Net)}
	t.h.clone.flags = unix.CLONE_CLEAR_SIGHAND
	t.h.anew = cloneArgs{flags: flags | unix.CLONE_PARENT} // with the exit signal of the short-lived process
}

// awaitJoined waits for the short-lived process, and returns the first process.
func (t *Tape) awaitJoined(pid int) (Process, error) {
	for {
		_, err := unix.Wait4(pid, nil, unix.WALL, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return Process{}, os.NewSyscallError("wait4", err)
		}
		break
	}
	if t.h.joined <= 0 {
		return Process{}, os.NewSyscallError("setns", syscall.Errno(t.h.failed))
	}
	return newProcess(int(t.h.joined))
}

// enter enters the namespaces, and makes the first process, which alone returns.
//
//go:nosplit
//go:norace
//go:nocheckptr
func enter(h *header) {
	_, _, e := syscall.RawSyscall6(unix.SYS_SETNS, uintptr(h.join[0]), unix.CLONE_NEWUSER, 0, 0, 0, 0)
	if e == 0 && h.join[1] >= 0 {
		_, _, e = syscall.RawSyscall6(unix.SYS_SETNS, uintptr(h.join[1]), unix.CLONE_NEWNET, 0, 0, 0, 0)
	}
	if e == 0 {
		var pid uintptr
		pid, _, e = syscall.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&h.anew)), unsafe.Sizeof(h.anew), 0, 0, 0, 0)
		if e == syscall.ENOSYS {
			pid, _, e = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(h.anew.flags&(1<<32-1)), 0, 0, 0, 0, 0)
		}
		if e == 0 && pid == 0 {
			return
		}
		if e == 0 {
			h.joined = int32(pid)
		}
	}
	h.failed = int32(e)
	for {
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
	}
}
