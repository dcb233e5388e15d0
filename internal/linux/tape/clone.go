//go:build linux

package tape

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The runtime's own fork hooks, linknames that it keeps for gVisor:
// runtime_BeforeFork blocks all signals and guards the stack against growing,
// runtime_AfterFork undoes both. AfterForkInChild is not needed:
// CLONE_CLEAR_SIGHAND resets the handlers, an op sets the mask. Without clone3 they
// stay until the command's exec, and no signal comes before it: all are blocked.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

// iscgo tells whether the program has a C library: a linkname that the runtime keeps for
// purego.
//
//go:linkname iscgo runtime.iscgo
var iscgo bool

// cloneArgs is struct clone_args (clone(2)).
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// Process is a first process: a child of ours that runs a tape.
type Process struct {
	PID   int
	Pidfd int
}

// maxGiven is how many descriptors a first process can be given.
const maxGiven = 3

// Clone makes a first process with the namespaces in flags (CLONE_NEW*); it begins
// with the tape at once. It has all our descriptors; the tape finds the numbers of those
// that are meant for it in the slots of Given. It has not got our memory, but for what it
// runs on, so that it costs the same however large we are.
func (t *Tape) Clone(flags uint64, given [maxGiven]int) (Process, error) {
	if t.err != nil {
		return Process{}, t.err
	}
	t.h.clone = cloneArgs{flags: flags | unix.CLONE_CLEAR_SIGHAND, exitSignal: uint64(unix.SIGCHLD)}
	copy(t.h.path[:], childrenPath)
	for i, fd := range given {
		t.h.given[i] = int32(fd)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m := readMemory(uintptr(unsafe.Pointer(t.h)))
	t.h.drops = int32(copy(t.h.drop[:], m.rest))
	// A thread has the user's session keyring only from the first look at it on.
	_, _ = unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false) // there may be no keyrings here
	syscall.ForkLock.Lock()                                              // one at a time: each says what the next process has
	pid, errno := fork(t.h, m)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return Process{}, os.NewSyscallError("clone3", errno)
	}
	return newProcess(int(pid))
}

func newProcess(pid int) (Process, error) {
	pidfd, err := unix.PidfdOpen(pid, 0) // our child, not reaped yet: the number is its own
	if err != nil {
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = unix.Wait4(pid, nil, unix.WALL, nil)
		return Process{}, os.NewSyscallError("pidfd_open", err)
	}
	return Process{PID: pid, Pidfd: pidfd}, nil
}

// fork makes the process, in which it never returns: that one runs its tape here.
//
//go:noinline
//go:norace
//go:nocheckptr
func fork(h *header, m memory) (pid uintptr, err syscall.Errno) {
	beforeFork()
	// What is not copied takes no time, nor does each of its pages that we write later.
	stack := m.around(uintptr(unsafe.Pointer(&h)))
	arena := uintptr(unsafe.Pointer(h))
	adviseFork(&m, stack, unix.MADV_DONTFORK)
	advise(arena, arena+arenaSize, unix.MADV_DOFORK)
	pid, _, err = syscall.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&h.clone)), unsafe.Sizeof(h.clone), 0, 0, 0, 0)
	if err == syscall.ENOSYS { // filtered, as container runtimes do: it can't look into its flags
		pid, _, err = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(h.clone.flags&(1<<32-1)|h.clone.exitSignal), 0, 0, 0, 0, 0)
	}
	if err == 0 && pid == 0 {
		drop(h, &m, stack)
		// One after the other, not one within the other: the linker allows a chain
		// of nosplit functions 792 bytes of stack, and debug builds need much.
		me, life, signals := interpret(h)
		if life != 0 {
			watch(h, life, signals)
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

// around is the piece of stack that a fork stands on: the page, and one on each side.
//
//go:nosplit
//go:norace
func (m *memory) around(here uintptr) span {
	below := here&^(m.page-1) - m.page
	return span{below, below + 3*m.page}
}

// adviseFork tells the kernel whether a fork has what is ours, but for its stack.
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

// drop makes the new process small. Its program's variables are as in the file from here
// on: nobody asks.
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

// SignalMask is the calling thread's mask, for the op that restores it. The
// caller must be locked to its thread.
func SignalMask() (mask uint64) {
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, 0, uintptr(unsafe.Pointer(&mask)), 8, 0, 0)
	return mask
}

// Status is the command's wait status; ok is false while it runs, or when the
// first process ended without one.
func (t *Tape) Status() (ws syscall.WaitStatus, ok bool) {
	return syscall.WaitStatus(t.h.status), t.h.done == 1
}
