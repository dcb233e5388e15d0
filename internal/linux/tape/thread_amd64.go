//go:build linux

package tape

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const archGetFS = 0x1003 // ARCH_GET_FS, arch_prctl(2)

// threadMemory is where the C library has what is this thread's own; 0: not known. The
// caller must be locked to it.
func threadMemory() (at uintptr) {
	_, _, _ = syscall.RawSyscall(unix.SYS_ARCH_PRCTL, archGetFS, uintptr(unsafe.Pointer(&at)), 0)
	return at
}
