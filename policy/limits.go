package policy

// Limits bound the resources of a confined command's tree. Zero is the default: 4096 for
// Processes, three quarters of the machine's memory for MemoryMB, no limit for the
// others.
type Limits struct {
	Processes   int64 // processes and threads at a time
	MemoryMB    int64 // of the whole tree, in MiB
	FileSizeMB  int64 // of each written file, in MiB
	OpenFiles   int64 // of each process
	CPUSeconds  int64 // of each process
	WallSeconds int64 // from the start to the end
}

// DefaultProcesses is more than any known build needs.
const DefaultProcesses = 4096

// DefaultMemory returns the share of a machine's memory for a command's tree, in bytes:
// three quarters, in whole MiB.
func DefaultMemory(machine uint64) uint64 { return machine / 4 * 3 >> 20 << 20 }
