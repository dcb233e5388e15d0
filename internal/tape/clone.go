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

// cloneArgs is struct clone_args (clone(2)).
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// Process is a child of ours: the spawner, or a first process that runs a tape.
type Process struct {
	PID   int
	Pidfd int
}

// forkSpawner forks a process that serves at the channel, and sets its memory up.
func forkSpawner(mem []byte, channel int) (Process, error) {
	s := (*spawnerState)(unsafe.Pointer(&mem[0]))
	s.clone = cloneArgs{flags: unix.CLONE_CLEAR_SIGHAND, exitSignal: uint64(unix.SIGCHLD)}
	s.channel = int32(channel)
	copy(s.null[:], os.DevNull)
	copy(s.name[:], "lockstile-spawn")
	inHeap := new([64]byte)
	maps, _ := os.ReadFile("/proc/self/maps") // without it the spawner is larger, no more
	s.spans = int32(copy(s.heap[:], heapSpans(string(maps), uintptr(unsafe.Pointer(inHeap)))))
	syscall.ForkLock.Lock()
	r, errno := fork(s)
	syscall.ForkLock.Unlock()
	runtime.KeepAlive(inHeap)
	if errno != 0 {
		return Process{}, os.NewSyscallError("clone3", errno)
	}
	return newProcess(int(r))
}

// fork makes the spawner, in which it never returns. Each process that the spawner
// clones runs its tape here.
//
//go:noinline
//go:norace
//go:nocheckptr
func fork(s *spawnerState) (pid uintptr, err syscall.Errno) {
	beforeFork()
	// The heap is not copied: that takes time, and afterwards each of its pages that this
	// process writes.
	here := uintptr(unsafe.Pointer(&s))
	adviseHeap(s, here, unix.MADV_DONTFORK)
	pid, _, err = syscall.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&s.clone)), unsafe.Sizeof(s.clone), 0, 0, 0, 0)
	if err == syscall.ENOSYS { // filtered, as container runtimes do: it can't look into its flags
		pid, _, err = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(s.clone.exitSignal), 0, 0, 0, 0, 0)
	}
	if err == 0 && pid == 0 {
		// One after the other, not one within the other: the linker allows a chain
		// of nosplit functions 792 bytes of stack, and debug builds need much.
		settle(s)
		h := serve(s)
		me, life, signals := interpret(h)
		if life != 0 {
			watch(h, life, signals)
			end(h)
			sweep(h)
		}
		stop(h, me)
	}
	adviseHeap(s, here, unix.MADV_DOFORK)
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
