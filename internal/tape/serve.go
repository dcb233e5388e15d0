//go:build linux

package tape

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// spawnerFD is the spawner's channel to the parent.
const spawnerFD = 3

// maxGiven is how many descriptors a first process can be given.
const maxGiven = 3

// request asks the spawner for a first process. The arena's descriptor and those
// that are given come beside it.
type request struct {
	at   uintptr // where the arena lies in the parent, and is to lie here
	size uintptr
}

// span is a range of addresses.
type span struct{ start, end uintptr }

// spawnerState is the memory that a spawner works in, in a mapping of its own. No
// pointers of Go in it.
type spawnerState struct {
	clone   cloneArgs
	channel int32 // its number when the spawner is forked
	spans   int32
	heap    [64]span // what the spawner is not to have
	null    [16]byte // "/dev/null"
	name    [16]byte // as ps(1) shows it
	request request
	reply   int64 // the first process's pid, or -errno
	iov     [2]uintptr
	oob     [8]uint64
	msg     struct { // struct msghdr, recvmsg(2)
		name, nameLen, iov, iovLen, control, controlLen, flags uintptr
	}
}

// serve is the spawner's life: it clones a first process for each request, and
// ends with the channel. It returns in each process that it has cloned.
//
//go:nosplit
//go:norace
//go:nocheckptr
func serve(s *spawnerState) *header {
	for {
		given := receive(s)
		// What the parent uses as an arena is nothing that we stand on: that it keeps.
		arena, _, e := syscall.RawSyscall6(unix.SYS_MMAP, s.request.at, s.request.size, unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_SHARED|unix.MAP_FIXED, uintptr(given[0]), 0)
		s.reply = -int64(e)
		if e == 0 {
			h := *(**header)(unsafe.Pointer(&arena))
			h.given[0], h.given[1], h.given[2] = given[1], given[2], given[3]
			pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&h.clone)), unsafe.Sizeof(h.clone), 0, 0, 0, 0)
			if e == syscall.ENOSYS {
				pid, _, e = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(h.clone.flags&(1<<32-1)|h.clone.exitSignal), 0, 0, 0, 0, 0)
			}
			if s.reply = int64(pid); e != 0 {
				s.reply = -int64(e)
			}
			if e == 0 && pid == 0 {
				// Else the parent could not see the spawner's end.
				syscall.RawSyscall6(unix.SYS_CLOSE, spawnerFD, 0, 0, 0, 0, 0)
				syscall.RawSyscall6(unix.SYS_CLOSE, uintptr(given[0]), 0, 0, 0, 0, 0)
				return h
			}
			syscall.RawSyscall6(unix.SYS_MUNMAP, arena, s.request.size, 0, 0, 0, 0)
		}
		syscall.RawSyscall6(unix.SYS_CLOSE_RANGE, spawnerFD+1, 1<<31-1, 0, 0, 0, 0)
		syscall.RawSyscall6(unix.SYS_WRITE, spawnerFD, uintptr(unsafe.Pointer(&s.reply)), unsafe.Sizeof(s.reply), 0, 0, 0)
	}
}

// receive waits for a request and gives the descriptors that came with it. It
// ends the spawner with the channel, and at anything that is no request.
//
//go:nosplit
//go:norace
//go:nocheckptr
func receive(s *spawnerState) *[1 + maxGiven]int32 {
	for {
		s.iov[0], s.iov[1] = uintptr(unsafe.Pointer(&s.request)), unsafe.Sizeof(s.request)
		s.msg.iov, s.msg.iovLen = uintptr(unsafe.Pointer(&s.iov)), 1
		s.msg.control, s.msg.controlLen = uintptr(unsafe.Pointer(&s.oob)), unsafe.Sizeof(s.oob)
		n, _, e := syscall.RawSyscall6(unix.SYS_RECVMSG, spawnerFD, uintptr(unsafe.Pointer(&s.msg)), unix.MSG_CMSG_CLOEXEC, 0, 0, 0)
		if e == syscall.EINTR {
			continue
		}
		// struct cmsghdr: the length, then level and type (cmsg(3)).
		if e != 0 || n != unsafe.Sizeof(s.request) || s.oob[0] != unix.SizeofCmsghdr+4*(1+maxGiven) || s.oob[1] != unix.SOL_SOCKET|unix.SCM_RIGHTS<<32 {
			for {
				syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
			}
		}
		return (*[1 + maxGiven]int32)(unsafe.Pointer(&s.oob[2]))
	}
}

// settle keeps the spawner from holding what is its parent's: all descriptors but the
// channel. What fails shows when a process is looked at.
//
//go:nosplit
//go:norace
//go:nocheckptr
func settle(s *spawnerState) {
	up, _, _ := syscall.RawSyscall6(unix.SYS_FCNTL, uintptr(s.channel), unix.F_DUPFD_CLOEXEC, 16, 0, 0, 0)
	null, _, e := syscall.RawSyscall6(unix.SYS_OPENAT, uintptr(^uint(99)), uintptr(unsafe.Pointer(&s.null)), unix.O_RDWR|unix.O_CLOEXEC, 0, 0, 0)
	for fd := range uintptr(3) {
		if e == 0 {
			syscall.RawSyscall6(unix.SYS_DUP3, null, fd, 0, 0, 0, 0)
		} else {
			syscall.RawSyscall6(unix.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
		}
	}
	syscall.RawSyscall6(unix.SYS_DUP3, up, spawnerFD, unix.O_CLOEXEC, 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_CLOSE_RANGE, spawnerFD+1, 1<<31-1, 0, 0, 0, 0)
	syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&s.name)), 0, 0, 0, 0)
}

// adviseHeap tells the kernel of the heap whether a fork has it, but for the piece of
// stack around here, which the fork stands on.
//
//go:nosplit
//go:norace
//go:nocheckptr
func adviseHeap(s *spawnerState, here, advice uintptr) {
	const kept = 16 << 10 // above and below
	here &^= kept - 1
	for i := range s.heap {
		if i == int(s.spans) {
			break
		}
		start, end := s.heap[i].start, s.heap[i].end
		if start < here+2*kept && here-kept < end {
			advise(start, here-kept, advice)
			start = here + 2*kept
		}
		advise(start, end, advice)
	}
}

//go:nosplit
//go:norace
//go:nocheckptr
func advise(start, end, advice uintptr) {
	if start < end {
		syscall.RawSyscall6(unix.SYS_MADVISE, start, end-start, advice, 0, 0, 0)
	}
}
