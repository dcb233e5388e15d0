//go:build linux

package tape

// threadMemory is where the C library has what is this thread's own: its register for that
// (TPIDR_EL0); 0: not known. The caller must be locked to it.
func threadMemory() uintptr { return threadRegister() }

func threadRegister() uintptr
