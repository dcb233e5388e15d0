//go:build linux

package tape

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// span is a range of addresses.
type span struct{ start, end uintptr }

// heap is where it lay a moment ago. It only grows: what it has got since is copied.
var heap struct {
	sync.Mutex
	spans []span
	read  time.Time
}

// spansLast is how long that is taken for true.
const spansLast = time.Second

// heapSpans tells where the heap lies; nothing where that can't be told.
func heapSpans() []span {
	heap.Lock()
	defer heap.Unlock()
	if time.Since(heap.read) > spansLast {
		heap.spans, heap.read = readSpans(), time.Now()
	}
	return heap.spans
}

func readSpans() []span {
	inHeap := new([64]byte)
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil // then processes are larger, no more
	}
	return spansAround(string(maps), uintptr(unsafe.Pointer(inHeap)))
}

// spansAround finds the heap among the mappings of a process (proc_pid_maps(5)):
// the one that holds a, and those without a gap to it.
func spansAround(maps string, a uintptr) (out []span) {
	found := false
	for line := range strings.Lines(maps) {
		m, anonymous := parseMapping(line)
		if !anonymous || len(out) > 0 && out[len(out)-1].end != m.start {
			if found {
				return out
			}
			out = out[:0]
		}
		if anonymous {
			out = append(out, m)
			found = found || m.start <= a && a < m.end
		}
	}
	if !found {
		return nil
	}
	return out
}

// parseMapping reads one line of maps, and tells whether it is memory of no file's.
func parseMapping(line string) (m span, anonymous bool) {
	where, rest, _ := strings.Cut(line, " ")
	mode, rest, _ := strings.Cut(rest, " ")
	_, rest, _ = strings.Cut(rest, " ") // the offset
	_, rest, _ = strings.Cut(rest, " ") // the device
	inode, _, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
	from, to, _ := strings.Cut(where, "-")
	start, err := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	return span{uintptr(start), uintptr(end)}, err == nil && err2 == nil && inode == "0" && (mode == "rw-p" || mode == "---p")
}
