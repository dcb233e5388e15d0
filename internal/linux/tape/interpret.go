//go:build linux

package tape

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// interpret runs the tape in the new process. interpret returns after a failed op, with
// the process's index, or at the op that is the first process's last. Between clone and
// execve interpret must not allocate, grow the stack, write pointers of Go, or call a
// function without nosplit: other threads of the parent may have held any lock.
//
//go:nosplit
//go:noinline
//go:norace
//go:nocheckptr
func interpret(h *header) (me, life, signals uintptr) {
	var (
		i    uintptr
		r    int64
		o    *op
		base = unsafe.Pointer(h)
	)
	for ; i < uintptr(h.ops); i++ {
		h.at[me] = int32(i)
		o = (*op)(unsafe.Add(base, opsOff+i*unsafe.Sizeof(op{})))
		switch o.kind {
		case kindWatch:
			return me, argument(h, o, 0), argument(h, o, 1)
		case kindJump:
			i = uintptr(o.jump) - 1
			continue
		case kindEach:
			if !next(h, o, i) {
				i = uintptr(o.jump) - 1
			}
			continue
		default:
			if r = call(h, o); o.kind == kindFork && r == 0 {
				me = Second
			}
		}
		if me == First || o.kind != kindFork {
			o.result = r
			if h.timed != 0 {
				syscall.RawSyscall6(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Add(base, timeOff+i*unsafe.Sizeof(unix.Timespec{}))), 0, 0, 0, 0)
			}
		}
		if o.save != 0 {
			*(*int32)(unsafe.Add(base, uintptr(o.save))) = int32(r)
		}
		if !met(o.want, r) {
			h.fail[me] = int32(i) + 1
			break
		}
		if o.kind == kindFork && me == First {
			h.second = int32(r)
			i = uintptr(o.jump) - 1
		}
	}
	return me, 0, 0
}

// next puts the path at o into the op behind o, and steps to the path after.
//
//go:nosplit
//go:norace
//go:nocheckptr
func next(h *header, o *op, i uintptr) bool {
	at := o.a[0]
	if *(*byte)(unsafe.Add(unsafe.Pointer(h), at)) == 0 {
		return false
	}
	body := (*op)(unsafe.Add(unsafe.Pointer(h), opsOff+(i+1)*unsafe.Sizeof(op{})))
	body.a[1] = uintptr(unsafe.Pointer(h)) + at
	for *(*byte)(unsafe.Add(unsafe.Pointer(h), at)) != 0 {
		at++
	}
	o.a[0] = at + 1
	return true
}

// call makes a system call, and returns the value or -errno.
//
//go:nosplit
//go:norace
//go:nocheckptr
func call(h *header, o *op) int64 {
	r, _, e := syscall.RawSyscall6(o.nr, argument(h, o, 0), argument(h, o, 1), argument(h, o, 2),
		argument(h, o, 3), argument(h, o, 4), argument(h, o, 5))
	if e != 0 {
		return -int64(e)
	}
	return int64(r)
}

// argument returns an op's argument, read from a slot if ref says so.
//
//go:nosplit
//go:norace
//go:nocheckptr
func argument(h *header, o *op, n uintptr) uintptr {
	if o.ref>>n&1 != 0 {
		return uintptr(*(*int32)(unsafe.Add(unsafe.Pointer(h), o.a[n])))
	}
	return o.a[n]
}

//go:nosplit
func met(w Want, r int64) bool {
	switch {
	case w == Any:
		return r != unset
	case w == OK:
		return r >= 0
	case w == Positive:
		return r > 0
	case w == NextPath:
		return r == -int64(unix.ENOENT) || r == -int64(unix.ENOTDIR) || r == -int64(unix.EACCES)
	}
	return r == int64(w)
}

// stop reports a failure to the parent, and stays alive until the parent has looked:
// until the parent kills the process or closes the channel. stop skips words that were on
// the way.
//
//go:nosplit
//go:norace
//go:nocheckptr
func stop(h *header, me uintptr) {
	if fd := uintptr(h.alarm[me]); fd != 0 {
		h.buf[me] = MessageFailed
		syscall.RawSyscall6(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&h.buf[me])), 1, 0, 0, 0)
		for {
			n, _, e := syscall.RawSyscall6(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&h.tmp[2+me])), 1, 0, 0, 0)
			if e != syscall.EINTR && (e != 0 || n == 0) {
				break
			}
		}
	}
	for {
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 126, 0, 0, 0, 0, 0)
	}
}

// The messages of a process: MessageFailed after a failure, MessageOver after the end of
// the tree and the sweep, MessageLeft when the second process has ended and others of the
// tree have not.
const (
	MessageLeft   = 'L'
	MessageFailed = 'F'
	MessageOver   = 'O'
)
