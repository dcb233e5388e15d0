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
// CLONE_CLEAR_SIGHAND resets the handlers, an op sets the mask.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

// cloneArgs is struct clone_args (clone(2)).
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// Process is a first process that runs a tape.
type Process struct {
	PID   int
	Pidfd int
}

// Run clones the first process with the namespaces in flags (CLONE_NEW*); it
// begins with the tape at once. The error is that of clone3.
func (t *Tape) Run(flags uint64) (Process, error) {
	if t.err != nil {
		return Process{}, t.err
	}
	h := t.h
	// Written into the arena: a stack moves, and the kernel writes through this.
	h.clone = cloneArgs{
		flags:      flags | unix.CLONE_CLEAR_SIGHAND | unix.CLONE_PIDFD,
		pidfd:      uint64(uintptr(unsafe.Pointer(&h.pidfd))),
		exitSignal: uint64(unix.SIGCHLD),
	}
	copy(h.path[:], childrenPath)
	syscall.ForkLock.Lock()
	pid, errno := fork(h)
	syscall.ForkLock.Unlock()
	runtime.KeepAlive(t)
	if errno != 0 {
		return Process{}, os.NewSyscallError("clone3", errno)
	}
	return Process{PID: int(pid), Pidfd: int(h.pidfd)}, nil
}

// fork clones; the child runs the tape and never returns.
//
//go:noinline
//go:norace
//go:nocheckptr
func fork(h *header) (pid uintptr, err syscall.Errno) {
	beforeFork()
	pid, _, err = syscall.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&h.clone)), unsafe.Sizeof(h.clone), 0, 0, 0, 0)
	if err == 0 && pid == 0 {
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
	afterFork()
	return
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
