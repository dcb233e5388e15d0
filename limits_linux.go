package lockstile

import (
	"fmt"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/linux/measure"
	"github.com/lockstile/lockstile/internal/plan"
)

// memoryEvery is how often the memory of running trees is checked.
const memoryEvery = 250 * time.Millisecond

// memory ends trees that use too much memory: trees above their limit, and the greatest
// tree when the machine's memory is nearly used up. The zero value is ready.
type memory struct {
	mu      sync.Mutex
	bounded map[*treeLimits]bool
	coming  bool // a check is scheduled
}

// add lets the checks include a tree until remove.
func (m *memory) add(b *treeLimits) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bounded == nil {
		m.bounded = map[*treeLimits]bool{}
	}
	m.bounded[b] = true
	m.schedule()
}

// schedule schedules the next check, once. The caller holds mu.
func (m *memory) schedule() {
	if !m.coming {
		m.coming = true
		time.AfterFunc(memoryEvery, m.check)
	}
}

func (m *memory) remove(b *treeLimits) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.bounded, b)
}

// check compares all trees with their limits.
func (m *memory) check() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.coming = false
	if len(m.bounded) == 0 {
		return
	}
	m.schedule()
	available, err := measure.Available()
	if err != nil {
		return
	}
	var greatest *treeLimits
	most := uint64(0)
	for b := range m.bounded {
		// No tree can use more memory than the whole machine uses.
		if b.total-min(available, b.total) < b.limits.Memory && available >= b.total/scarce {
			continue
		}
		used := measure.TreeMemory(b.init, b.pid, scratchFolders)
		if used > b.limits.Memory {
			b.exceed(b.aboveMemory())
		}
		if used >= most {
			greatest, most = b, used
		}
	}
	if greatest != nil && available < greatest.total/scarce {
		greatest.exceed("memory: the machine was about to have none left")
	}
}

// scarce is which part of the memory must stay available: one in scarce.
const scarce = 32

// scratchFolders are the folders that the view keeps in memory.
var scratchFolders = []string{"/dev/shm", "/run"}

// treeLimits holds the limits without a kernel object.
type treeLimits struct {
	limits plan.Limits
	total  uint64 // the machine's memory
	pid    int    // the command's
	init   int    // the tree's init
	end    func()
	wall   *time.Timer

	mu  sync.Mutex
	why string // the exceeded limit
}

// newTreeLimits begins to check a tree.
func newTreeLimits(m *memory, i *intent, l *systemLaunch, end func()) *treeLimits {
	b := &treeLimits{limits: i.plan.Limits, total: i.facts.Memory, pid: l.Command(), init: l.Init(), end: end}
	if b.limits.Wall > 0 {
		b.wall = time.AfterFunc(time.Duration(b.limits.Wall)*time.Second, func() { b.exceed(fmt.Sprintf("wall time: %d s", b.limits.Wall)) })
	}
	if b.limits.Memory > 0 && b.total > 0 {
		m.add(b)
	}
	return b
}

func (b *treeLimits) aboveMemory() string {
	return fmt.Sprintf("memory: more than %d MiB", b.limits.Memory>>20)
}

// exceed ends the tree.
func (b *treeLimits) exceed(why string) {
	b.mu.Lock()
	first := b.why == ""
	if first {
		b.why = why
	}
	b.mu.Unlock()
	if first {
		b.end()
	}
}

// stop ends the checks, and returns the exceeded limit; outOfMemory is the kernel's
// report.
func (b *treeLimits) stop(m *memory, outOfMemory bool) string {
	m.remove(b)
	if b.wall != nil {
		b.wall.Stop()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.why == "" && outOfMemory {
		b.why = b.aboveMemory()
	}
	return b.why
}
