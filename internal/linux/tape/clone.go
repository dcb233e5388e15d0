//go:build linux

package tape

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The runtime's own fork hooks, kept as linknames for gVisor: runtime_BeforeFork blocks
// all signals and guards the stack against growing, runtime_AfterFork undoes both.
// AfterForkInChild is not needed: CLONE_CLEAR_SIGHAND resets the handlers, an op sets the
// mask. Without clone3 the handlers stay until the command's exec, and no signal comes
// before the exec: all signals are blocked.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

// iscgo reports whether the program has a C library. The runtime keeps the linkname for
// purego.
//
//go:linkname iscgo runtime.iscgo
var iscgo bool

// cloneArgs is struct clone_args (clone(2)).
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// Process is a first process: our child, which runs a tape.
type Process struct {
	PID   int
	Pidfd int
}

// maxGiven is how many descriptors a first process can be given.
const maxGiven = 3

// Clone makes a first process with the namespaces in flags (CLONE_NEW*). The process
// begins with the tape at once. The process has all our descriptors; the slots of Given
// hold the numbers of the given descriptors. Of our memory the process has only the parts
// that the process runs on: a clone costs the same however large our memory is.
//
// With a Join the process is made in the namespaces of the Join.
func (t *Tape) Clone(flags uint64, given [maxGiven]int, in *Join) (Process, error) {
	if t.err != nil {
		return Process{}, t.err
	}
	t.prepare(flags, in)
	copy(t.h.path[:], childrenPath)
	for i, fd := range given {
		t.h.given[i] = int32(fd)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m := readMemory(uintptr(unsafe.Pointer(t.h)))
	t.h.drops = int32(copy(t.h.drop[:], m.rest))
	// A thread has the user's session keyring only after a first look at the keyring.
	_, _ = unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false) // there may be no keyrings here
	syscall.ForkLock.Lock()                                              // one at a time: each fork sets the memory of the next process
	pid, errno := fork(t.h, m)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return Process{}, os.NewSyscallError("clone3", errno)
	}
	if in != nil {
		return t.awaitJoined(int(pid))
	}
	return newProcess(int(pid))
}

func newProcess(pid int) (Process, error) {
	pidfd, err := unix.PidfdOpen(pid, 0) // our child, not reaped yet: the number can't be another's
	if err != nil {
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = unix.Wait4(pid, nil, unix.WALL, nil)
		return Process{}, os.NewSyscallError("pidfd_open", err)
	}
	return Process{PID: pid, Pidfd: pidfd}, nil
}

// fork makes the process. In the new process fork runs the tape and never returns.
//
//go:noinline
//go:norace
//go:nocheckptr
func fork(h *header, m memory) (pid uintptr, err syscall.Errno) {
	beforeFork()
	// Memory that is not copied costs no time at the fork, and no page fault when we
	// write later.
	stack := m.around(uintptr(unsafe.Pointer(&h)))
	arena := uintptr(unsafe.Pointer(h))
	adviseFork(&m, stack, unix.MADV_DONTFORK)
	advise(arena, arena+arenaSize, unix.MADV_DOFORK)
	pid, _, err = syscall.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&h.clone)), unsafe.Sizeof(h.clone), 0, 0, 0, 0)
	if err == syscall.ENOSYS { // container runtimes filter clone3: a filter can't read the flags
		pid, _, err = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(h.clone.flags&(1<<32-1)|h.clone.exitSignal), 0, 0, 0, 0, 0)
	}
	if err == 0 && pid == 0 {
		drop(h, &m, stack)
		if h.join[0] >= 0 {
			enter(h)
		}
		// The calls follow each other and don't nest: the linker allows a chain of
		// nosplit functions 792 bytes of stack, and debug builds need much.
		me, life, signals := interpret(h)
		if life != 0 {
			for watch(h, life, signals) {
				signalTree(h)
			}
			end(h)
			sweep(h)
		}
		stop(h, me)
	}
	advise(arena, arena+arenaSize, unix.MADV_DONTFORK)
	adviseFork(&m, stack, unix.MADV_DOFORK)
	afterFork()
	return
}

// around is the piece of the stack in use at a fork: the page of here, and a page on each
// side.
//
//go:nosplit
//go:norace
func (m *memory) around(here uintptr) span {
	below := here&^(m.page-1) - m.page
	return span{below, below + 3*m.page}
}

// adviseFork tells the kernel whether a fork copies our memory, except the stack.
//
//go:nosplit
//go:norace
func adviseFork(m *memory, stack span, advice uintptr) {
	for _, s := range m.ours {
		if s.start < stack.end && stack.start < s.end {
			advise(s.start, stack.start, advice)
			s.start = stack.end
		}
		advise(s.start, s.end, advice)
	}
}

// drop makes the new process small. From here on the program's variables have their
// values from the file: no code reads the variables.
//
//go:nosplit
//go:norace
//go:nocheckptr
func drop(h *header, m *memory, stack span) {
	advise(m.image.start, m.image.end, unix.MADV_DONTNEED)
	for i := range h.drop {
		if i == int(h.drops) {
			break
		}
		start, end := h.drop[i].start, h.drop[i].end
		if start < stack.end && stack.start < end {
			unmap(start, stack.start)
			start = stack.end
		}
		unmap(start, end)
	}
}

//go:nosplit
//go:norace
func advise(start, end, advice uintptr) {
	if start < end {
		syscall.RawSyscall6(unix.SYS_MADVISE, start, end-start, advice, 0, 0, 0)
	}
}

//go:nosplit
//go:norace
func unmap(start, end uintptr) {
	if start < end {
		syscall.RawSyscall6(unix.SYS_MUNMAP, start, end-start, 0, 0, 0, 0)
	}
}

// SignalMask returns the calling thread's mask, for the op that restores the mask. The
// caller must be locked to the thread.
func SignalMask() (mask uint64) {
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, 0, uintptr(unsafe.Pointer(&mask)), 8, 0, 0)
	return mask
}

// Status returns the command's wait status; ok is false while the command runs, or if the
// first process ended without a status.
func (t *Tape) Status() (ws syscall.WaitStatus, ok bool) {
	return syscall.WaitStatus(t.h.status), t.h.done == 1
}
