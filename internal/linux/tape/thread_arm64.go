//go:build linux

package tape

// threadMemory is the address of the C library's memory for this thread, from the
// register TPIDR_EL0; 0: unknown. The caller must be locked to the thread.
func threadMemory() uintptr { return threadRegister() }

func threadRegister() uintptr
