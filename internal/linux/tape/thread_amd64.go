//go:build linux

package tape

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const archGetFS = 0x1003 // ARCH_GET_FS, arch_prctl(2)

// threadMemory is the address of the C library's memory for this thread; 0: unknown. The
// caller must be locked to the thread.
func threadMemory() (at uintptr) {
	_, _, _ = syscall.RawSyscall(unix.SYS_ARCH_PRCTL, archGetFS, uintptr(unsafe.Pointer(&at)), 0)
	return at
}
