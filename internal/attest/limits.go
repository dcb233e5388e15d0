package attest

import (
	"math"
	"strconv"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// expectLimits returns the expectations for the command's limits. Memory and time until
// the end are bounded from outside, while the command runs.
func expectLimits(p policy.Policy, m Machine) []Expectation {
	out := []Expectation{{Restriction: refusal.Limits, Fact: "command.oom_score_adj", Want: "1000"}}
	see := func(fact Fact, want int64) {
		out = append(out, Expectation{Restriction: refusal.Limits, Fact: fact, Want: strconv.FormatInt(want, 10)})
	}
	see("command.limit.core", int64(min(1, m.MostCore)))
	processes := p.Limits.Processes
	if processes == 0 {
		processes = policy.DefaultProcesses
	}
	memory := uint64(p.Limits.MemoryMB) << 20
	if memory == 0 {
		memory = policy.DefaultMemory(m.Memory)
	}
	switch {
	case m.Cgroup && memory != 0:
		see("command.cgroup.pids.max", processes)
		see("command.cgroup.memory.max", int64(memory))
		see("command.cgroup.memory.oom.group", 1)
		out = append(out, Expectation{Restriction: refusal.Limits, Fact: "command.cgroup", Want: "own"})
	case m.OwnPIDMax:
		see("trial.the most processes", processes)
	case m.UID != 0:
		see("command.limit.processes", min(processes, int64(min(m.MostProcesses, math.MaxInt64))))
	}
	// Half is for the user's other processes. The other half is for all starts: each takes
	// half of what the starts with the greater shares leave, and four at least.
	if !m.SharedProc && !m.NoUserNamespaces {
		for fact, most := range map[Fact]int64{"trial.the most inotify instances": m.Inotify, "trial.the most watches": m.Watches} {
			if most/2 != 0 {
				see(fact, int64(m.share(uint64(most))))
			}
		}
	}
	for fact, most := range map[Fact]uint64{"command.limit.queued signals": m.Signals, "command.limit.message queues": m.Queues} {
		if most/2 != 0 {
			out = append(out, Expectation{Restriction: refusal.Limits, Fact: fact, Want: strconv.FormatUint(m.share(most), 10)})
		}
	}
	for fact, want := range map[Fact]int64{
		"command.limit.file size": p.Limits.FileSizeMB << 20, "command.limit.open files": p.Limits.OpenFiles, "command.limit.cpu time": p.Limits.CPUSeconds,
	} {
		if want != 0 {
			see(fact, want)
		}
	}
	return out
}

// share is what the start may take of an amount for all processes of the user.
func (m Machine) share(most uint64) uint64 {
	most = min(most, math.MaxInt64)
	left := most / 2
	for range m.Share + 1 {
		left /= 2
	}
	return max(left, min(4, most/2))
}
