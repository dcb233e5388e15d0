package plan

import (
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Limits are what a start bounds. A zero bounds nothing.
type Limits struct {
	Processes int64  `json:"processes,omitempty"` // by By
	By        string `json:"processes_by,omitempty"`
	Memory    uint64 `json:"memory,omitempty"`    // bytes, of the tree; watched, or by its cgroup
	Cgroup    string `json:"cgroup,omitempty"`    // the folder in which the command's own is made; "" for none
	Scratch   uint64 `json:"scratch,omitempty"`   // bytes, of each file system in memory
	FileSize  uint64 `json:"file_size,omitempty"` // bytes, RLIMIT_FSIZE
	OpenFiles uint64 `json:"open_files,omitempty"`
	Core      uint64 `json:"core,omitempty"` // bytes: 1 is too few for a core, and for a program that takes them
	CPU       uint64 `json:"cpu,omitempty"`  // seconds, RLIMIT_CPU
	Wall      uint64 `json:"wall,omitempty"` // seconds; watched

	// Half of what the processes of our user may have together.
	Inotify int64  `json:"inotify,omitempty"` // instances
	Watches int64  `json:"watches,omitempty"`
	Signals uint64 `json:"signals,omitempty"` // queued
	Queues  uint64 `json:"queues,omitempty"`  // bytes of message queues
}

// The ways to bound processes.
const (
	ByCgroup    = "cgroup"        // its own pids.max
	ByNamespace = "pid namespace" // its own kernel.pid_max (Linux 6.14)
	ByUser      = "rlimit"        // RLIMIT_NPROC, which counts a user's in a user namespace, but not the host's root
	ByNothing   = "nothing"
)

const mib = 1 << 20

// compileLimits decides who bounds what.
func (out *Plan) compileLimits(l policy.Limits, f host.Facts) error {
	for _, n := range []int64{l.Processes, l.MemoryMB, l.FileSizeMB, l.OpenFiles, l.CPUSeconds, l.WallSeconds} {
		if n < 0 || n > 1<<40 {
			return refuse(refusal.CodeInput, refusal.Limits, "a limit is negative, or too great", "leave it out for the default")
		}
	}
	out.Limits = Limits{Processes: l.Processes, Memory: uint64(l.MemoryMB) * mib, FileSize: uint64(l.FileSizeMB) * mib,
		OpenFiles: uint64(l.OpenFiles), CPU: uint64(l.CPUSeconds), Wall: uint64(l.WallSeconds)}
	out.Limits.Signals, out.Limits.Queues = f.Pools.Signals/2, f.Pools.Queues/2
	if out.Rung == Full { // elsewhere there is no /proc/sys to write to
		out.Limits.Inotify, out.Limits.Watches = f.Pools.Inotify/2, f.Pools.Watches/2
	}
	out.Limits.Core = min(1, f.MostCore)
	if l.MemoryMB == 0 {
		out.Limits.Memory = policy.DefaultMemory(f.Memory)
	}
	out.Limits.Scratch = out.Limits.Memory / 2
	if l.Processes == 0 {
		out.Limits.Processes = policy.DefaultProcesses
	}
	switch {
	case f.Cgroup != "" && out.Limits.Memory > 0:
		out.Limits.By, out.Limits.Cgroup = ByCgroup, f.Cgroup
	case f.OwnPIDMax:
		out.Limits.By = ByNamespace
	case f.UID != 0:
		out.Limits.By = ByUser
		if most := f.MostProcesses; most < uint64(out.Limits.Processes) {
			out.Limits.Processes = int64(most) // a limit can only be lowered
		}
	case l.Processes != 0:
		return refuse(refusal.CodeUnsupported, refusal.Limits, "this kernel can't bound the processes of a command that root starts",
			"use Linux 6.14 or newer, or another user, or leave limits.processes out")
	default:
		out.Limits.By, out.Limits.Processes = ByNothing, 0
	}
	return nil
}
