//go:build linux

package supervise

import (
	"errors"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// patience is how long an attempt may wait in the kernel. A connect without a wait is
// done long before.
const patience = 500 * time.Microsecond

// atOnce is how many attempts run at the same time, for all sandboxes together: each
// attempt has a thread.
const atOnce = 16

var turns = make(chan struct{}, atOnce)

// interrupt is the clock's signal, a signal that is free for programs. The runtime has a
// handler for each free signal, and the handler does nothing if no code asked for the
// signal.
const interrupt = 40

// From linux/signal.h and asm-generic/siginfo.h.
const (
	restarts       = 0x10000000 // SA_RESTART
	sigsetSize     = 8
	notifyThreadID = 4 // SIGEV_THREAD_ID
)

// action is struct sigaction in the kernel's layout.
type action struct{ handler, flags, restorer, mask uint64 }

// event is struct sigevent.
type event struct {
	value          uint64
	signal, notify int32
	tid            int32
	_              [44]byte
}

// interruptible lets the signal interrupt a call. The runtime's handlers would restart
// the call.
var interruptible = sync.OnceValue(func() error {
	var a action
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, interrupt, 0, uintptr(unsafe.Pointer(&a)), sigsetSize, 0, 0); errno != 0 {
		return errno
	}
	if a.handler <= 1 { // SIG_DFL would end us, SIG_IGN would do nothing
		return errors.New("nobody handles the signal")
	}
	a.flags &^= restarts
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, interrupt, uintptr(unsafe.Pointer(&a)), 0, sigsetSize, 0, 0); errno != 0 {
		return errno
	}
	return nil
})

// attempt calls connect(2), and returns EINTR if the call would wait. An interrupted
// connect of a Unix socket has had no effect; other sockets go on connecting.
//
// Neither O_NONBLOCK nor SO_SNDTIMEO can replace the signal: the socket is the caller's
// too. The caller would see the change, and could undo the change in time to hold our
// thread.
func attempt(sock int, address []byte) unix.Errno {
	turns <- struct{}{}
	defer func() { <-turns }()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock, err := startClock()
	if err != nil {
		return unix.EAGAIN
	}
	address = append(address, 0) // never empty
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(sock), uintptr(unsafe.Pointer(&address[0])), uintptr(len(address)-1))
	_, _, _ = unix.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(clock), 0, 0)
	return errno
}

// startClock interrupts this thread after a while, and again and again: the first signal
// could come before the call.
func startClock() (clock int32, err error) {
	if err := interruptible(); err != nil {
		return 0, err
	}
	// Our parent may have blocked the signal.
	ours := unix.Sigset_t{}
	ours.Val[0] = 1 << (interrupt - 1)
	if err := unix.PthreadSigmask(unix.SIG_UNBLOCK, &ours, nil); err != nil {
		return 0, err
	}
	e := event{signal: interrupt, notify: notifyThreadID, tid: int32(unix.Gettid())}
	if _, _, errno := unix.RawSyscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&e)), uintptr(unsafe.Pointer(&clock))); errno != 0 {
		return 0, errno
	}
	every := unix.NsecToTimespec(int64(patience))
	setting := unix.ItimerSpec{Interval: every, Value: every}
	if _, _, errno := unix.RawSyscall6(unix.SYS_TIMER_SETTIME, uintptr(clock), 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0); errno != 0 {
		_, _, _ = unix.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(clock), 0, 0)
		return 0, errno
	}
	return clock, nil
}
