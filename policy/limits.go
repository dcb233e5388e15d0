package policy

// Limits bound what a confined command's tree may use. Zero is the default: of
// Processes 4096, of MemoryMB three quarters of the machine's, of the others none.
type Limits struct {
	Processes   int64 // processes and threads at a time
	MemoryMB    int64 // of the whole tree, in MiB
	FileSizeMB  int64 // of each file that is written, in MiB
	OpenFiles   int64 // of each process
	CPUSeconds  int64 // of each process
	WallSeconds int64 // from the start to the end
}

// DefaultProcesses is more than any build has that we know of.
const DefaultProcesses = 4096

// DefaultMemory is what a command's tree may have of a machine's memory, in bytes: three
// quarters, in whole MiB.
func DefaultMemory(machine uint64) uint64 { return machine / 4 * 3 >> 20 << 20 }
