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

// mostRest is how long the rest of a tree may take after the second process, in seconds.
// The parent ends the rest sooner, unless the parent is stopped.
const mostRest = 5

// ToTree marks a byte on the parent's channel: the signal is for all processes of the
// tree. Without the mark the signal is for the second process's group.
const ToTree = 0x80

// watch is the longest part of the first process's life: watch reaps, and passes signals
// to the second process's group, until the tree has ended, the parent says so, or the
// parent's channel closes. After the second process's end the others may finish, for as
// long as the parent wants. If watch returns true, h.tree is a signal for signalTree, and
// watch goes on after the call: nested calls need more stack than there is.
//
//go:nosplit
//go:norace
//go:nocheckptr
func watch(h *header, life, signals uintptr) bool {
	for h.done == 0 || h.left != 0 && h.hurry == 0 {
		timeout := uintptr(0)
		if h.done != 0 {
			if h.told == 0 {
				h.told, h.rest[0] = 1, mostRest
				h.buf[0] = MessageLeft
				syscall.RawSyscall6(unix.SYS_WRITE, life, uintptr(unsafe.Pointer(&h.buf)), 1, 0, 0, 0)
			}
			timeout = uintptr(unsafe.Pointer(&h.rest)) // the kernel counts down
		}
		h.poll[0], h.poll[1] = int32(life), unix.POLLIN
		h.poll[2], h.poll[3] = int32(signals), unix.POLLIN
		n, _, e := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&h.poll)), 2, timeout, 0, 0, 0)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 || n == 0 {
			return false
		}
		if h.poll[3]>>16 != 0 {
			syscall.RawSyscall6(unix.SYS_READ, signals, uintptr(unsafe.Pointer(&h.buf)), unsafe.Sizeof(h.buf), 0, 0, 0)
			reap(h, unix.WNOHANG)
			if h.done != 0 {
				continue
			}
		}
		if h.poll[1]>>16 == 0 {
			continue
		}
		n, _, e = syscall.RawSyscall6(unix.SYS_READ, life, uintptr(unsafe.Pointer(&h.buf)), 1, 0, 0, 0)
		if e == syscall.EINTR || e == syscall.EAGAIN {
			continue
		}
		if e != 0 || n != 1 {
			return false // the parent is gone
		}
		signal := int32(h.buf[0])
		if signal&^ToTree == int32(unix.SIGKILL) {
			h.hurry = 1 // the end of the tree, without delay
		}
		if signal&ToTree != 0 {
			h.tree = signal &^ ToTree
			return true
		}
		// Before the reaping, and while the group has members, the number can't belong to
		// another process.
		syscall.RawSyscall6(unix.SYS_KILL, uintptr(-int(h.second)), uintptr(signal), 0, 0, 0, 0)
	}
	return false
}

// signalTree sends the signal h.tree to all processes of the tree. A stopped process goes
// on, to act on the signal.
//
//go:nosplit
//go:norace
//go:nocheckptr
func signalTree(h *header) {
	self, _, _ := syscall.RawSyscall6(unix.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	if self != 1 {
		signalChildren(h, uintptr(h.tree))
		return
	}
	syscall.RawSyscall6(unix.SYS_KILL, ^uintptr(0), uintptr(h.tree), 0, 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_KILL, ^uintptr(0), uintptr(unix.SIGCONT), 0, 0, 0, 0)
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
			h.left = 0
			if e == 0 {
				h.left = 1
			}
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
	for signalChildren(h, uintptr(unix.SIGKILL)) {
		// A killed child ends soon: wait for an end, then look again.
		syscall.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), 0, unix.WALL, 0, 0, 0)
		reap(h, unix.WNOHANG)
	}
}

// signalChildren sends a signal to the children of the first process, and reports whether
// there are children. A kernel without the list of children reports none.
//
//go:nosplit
//go:norace
//go:nocheckptr
func signalChildren(h *header, signal uintptr) bool {
	fd, _, e := syscall.RawSyscall6(unix.SYS_OPENAT, uintptr(^uint(99)), uintptr(unsafe.Pointer(&h.path)), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if e != 0 {
		return false
	}
	n, _, e := syscall.RawSyscall6(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&h.buf)), unsafe.Sizeof(h.buf)-1, 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
	if e != 0 || n == 0 {
		return false
	}
	h.buf[n] = ' '
	pid := uintptr(0)
	for i := uintptr(0); i <= n; i++ {
		if c := h.buf[i]; c >= '0' && c <= '9' {
			pid = pid*10 + uintptr(c-'0')
			continue
		}
		if pid != 0 {
			syscall.RawSyscall6(unix.SYS_KILL, pid, signal, 0, 0, 0, 0)
			syscall.RawSyscall6(unix.SYS_KILL, pid, uintptr(unix.SIGCONT), 0, 0, 0, 0)
		}
		pid = 0
	}
	return true
}
