package plan

import (
	"math"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/shares"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Limits are the bounds of a start. A zero is no bound.
type Limits struct {
	Processes int64  `json:"processes,omitempty"` // by By
	By        string `json:"processes_by,omitempty"`
	Memory    uint64 `json:"memory,omitempty"`    // bytes, of the tree; bounded by the cgroup, or watched
	Cgroup    string `json:"cgroup,omitempty"`    // the parent folder of the command's cgroup; "" for none
	Scratch   uint64 `json:"scratch,omitempty"`   // bytes, of each file system in memory
	FileSize  uint64 `json:"file_size,omitempty"` // bytes, RLIMIT_FSIZE
	OpenFiles uint64 `json:"open_files,omitempty"`
	Core      uint64 `json:"core,omitempty"` // bytes: 1 is too few for a core, and for a program that receives cores
	CPU       uint64 `json:"cpu,omitempty"`  // seconds, RLIMIT_CPU
	Wall      uint64 `json:"wall,omitempty"` // seconds; watched

	// The start's share of the amounts for all processes of our user.
	Inotify int64  `json:"inotify,omitempty"` // instances
	Watches int64  `json:"watches,omitempty"`
	Signals uint64 `json:"signals,omitempty"` // queued
	Queues  uint64 `json:"queues,omitempty"`  // bytes of message queues
}

// The ways to bound processes.
const (
	ByCgroup    = "cgroup"        // pids.max of the command's cgroup
	ByNamespace = "pid namespace" // kernel.pid_max of the namespace (Linux 6.14)
	ByUser      = "rlimit"        // RLIMIT_NPROC: counts a user's processes in a user namespace, but not those of the host's root
	ByNothing   = "nothing"
)

const mib = 1 << 20

// share bounds what the start may take of the pools.
func (out *Plan) share(p host.Pools) {
	out.Limits.Signals, out.Limits.Queues = shareOf(p.Signals, p.Share), shareOf(p.Queues, p.Share)
	if out.Rung == Full { // other rungs have no /proc/sys to write to
		out.Limits.Inotify, out.Limits.Watches = shares.Of(p.Inotify, p.Share), shares.Of(p.Watches, p.Share)
	}
}

// shareOf is shares.Of for an amount that may be no bound at all.
func shareOf(pool uint64, number int) uint64 {
	return uint64(shares.Of(int64(min(pool, math.MaxInt64)), number))
}

// InShare returns the plan with another share of the pools.
func (p *Plan) InShare(pools host.Pools) *Plan {
	out := *p
	out.share(pools)
	return &out
}

// compileLimits decides how each resource is bounded.
func (out *Plan) compileLimits(l policy.Limits, f host.Facts) error {
	for _, n := range []int64{l.Processes, l.MemoryMB, l.FileSizeMB, l.OpenFiles, l.CPUSeconds, l.WallSeconds} {
		if n < 0 || n > 1<<40 {
			return refuse(refusal.CodeInput, refusal.Limits, "a limit is negative, or too great", "leave it out for the default")
		}
	}
	out.Limits = Limits{Processes: l.Processes, Memory: uint64(l.MemoryMB) * mib, FileSize: uint64(l.FileSizeMB) * mib,
		OpenFiles: uint64(l.OpenFiles), CPU: uint64(l.CPUSeconds), Wall: uint64(l.WallSeconds)}
	out.share(f.Pools)
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
