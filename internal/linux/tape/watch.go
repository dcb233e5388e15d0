//go:build linux

package tape

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// childrenPath lists a thread's children (proc_pid_task_children(5)); the first
// process has one thread.
const childrenPath = "/proc/thread-self/children"

// watch is the longest part of the first process's life: watch reaps, and passes signals
// to the second process's group, until the second process ends or the parent's channel
// closes.
//
//go:nosplit
//go:norace
//go:nocheckptr
func watch(h *header, life, signals uintptr) {
	for h.done == 0 {
		h.poll[0], h.poll[1] = int32(life), unix.POLLIN
		h.poll[2], h.poll[3] = int32(signals), unix.POLLIN
		_, _, e := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&h.poll)), 2, 0, 0, 0, 0)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 {
			break
		}
		if h.poll[3]>>16 != 0 {
			syscall.RawSyscall6(unix.SYS_READ, signals, uintptr(unsafe.Pointer(&h.buf)), unsafe.Sizeof(h.buf), 0, 0, 0)
			reap(h, unix.WNOHANG)
		}
		if h.poll[1]>>16 != 0 && h.done == 0 {
			n, _, e := syscall.RawSyscall6(unix.SYS_READ, life, uintptr(unsafe.Pointer(&h.buf)), 1, 0, 0, 0)
			if e == syscall.EINTR || e == syscall.EAGAIN {
				continue
			}
			if e != 0 || n != 1 {
				break // the parent is gone
			}
			// Before the reaping, the number can't belong to another process.
			syscall.RawSyscall6(unix.SYS_KILL, uintptr(-int(h.second)), uintptr(h.buf[0]), 0, 0, 0, 0)
		}
	}
}

// end ends the tree. Only the first process of a pid namespace may kill all visible
// processes: elsewhere all visible processes are the whole machine.
//
//go:nosplit
//go:norace
//go:nocheckptr
func end(h *header) {
	self, _, _ := syscall.RawSyscall6(unix.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	if self != 1 {
		endChildren(h)
		return
	}
	syscall.RawSyscall6(unix.SYS_KILL, ^uintptr(0), uintptr(unix.SIGKILL), 0, 0, 0, 0)
	reap(h, 0) // until no child is left
}

// sweep runs the ops behind the watch whatever the results, sends MessageOver, and exits.
//
//go:nosplit
//go:norace
//go:nocheckptr
func sweep(h *header) {
	base := unsafe.Pointer(h)
	for i := uintptr(h.at[First]) + 1; i < uintptr(h.ops); i++ {
		o := (*op)(unsafe.Add(base, opsOff+i*unsafe.Sizeof(op{})))
		r := call(h, o)
		o.result = r
		if o.save != 0 {
			*(*int32)(unsafe.Add(base, uintptr(o.save))) = int32(r)
		}
		if o.kind == kindUnless && r == 0 {
			i++
		}
	}
	// Only our own end is left, and nobody need wait for the end: the kernel takes the
	// namespaces down.
	if fd := uintptr(h.alarm[First]); fd != 0 {
		h.buf[0] = MessageOver
		syscall.RawSyscall6(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&h.buf)), 1, 0, 0, 0)
	}
	for {
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
	}
}

// reap waits for children until none is left to be waited for, and keeps the
// second process's status.
//
//go:nosplit
//go:norace
//go:nocheckptr
func reap(h *header, options uintptr) {
	for {
		p, _, e := syscall.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&h.tmp)), options|unix.WALL, 0, 0, 0)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 || p == 0 {
			return
		}
		if int32(p) == h.second && h.done == 0 {
			h.status = h.tmp[0]
			h.done = 1
		}
	}
}

// endChildren kills all children until no child is left. The first process is a subreaper
// here: each process of the tree becomes a child in the end.
//
//go:nosplit
//go:norace
//go:nocheckptr
func endChildren(h *header) {
	for {
		fd, _, e := syscall.RawSyscall6(unix.SYS_OPENAT, uintptr(^uint(99)), uintptr(unsafe.Pointer(&h.path)), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
		if e != 0 {
			return // a kernel without the list: the tree can't be found
		}
		n, _, e := syscall.RawSyscall6(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&h.buf)), unsafe.Sizeof(h.buf)-1, 0, 0, 0)
		syscall.RawSyscall6(unix.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
		if e != 0 || n == 0 {
			return
		}
		h.buf[n] = ' '
		pid := uintptr(0)
		for i := uintptr(0); i <= n; i++ {
			if c := h.buf[i]; c >= '0' && c <= '9' {
				pid = pid*10 + uintptr(c-'0')
				continue
			}
			if pid != 0 {
				syscall.RawSyscall6(unix.SYS_KILL, pid, uintptr(unix.SIGKILL), 0, 0, 0, 0)
			}
			pid = 0
		}
		// A killed child ends soon: wait for an end, then look again.
		syscall.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), 0, unix.WALL, 0, 0, 0)
		reap(h, unix.WNOHANG)
	}
}
