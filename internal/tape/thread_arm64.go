//go:build linux

package tape

// threadMemory is where the C library has what is this thread's own: its register for that
// (TPIDR_EL0). The caller must be locked to it.
func threadMemory() (at uintptr, ok bool) {
	at = threadRegister()
	return at, at != 0
}

func threadRegister() uintptr
