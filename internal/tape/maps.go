//go:build linux

package tape

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// span is a range of addresses.
type span struct{ start, end uintptr }

// memory is what of this process a first process doesn't need.
type memory struct {
	ours  []span  // not to be copied, but for the stack that it stands on
	rest  []span  // to be dropped by the process
	image span    // the program's variables, of which it uses none
	page  uintptr // size of one
}

// readMemory reads where it lies, for a fork by this thread that needs an arena. Nothing is
// left out where that can't be told: then processes are larger, no more.
//
// What is not copied is missing in every fork that is made just then. Where there is a C
// library one of its threads may make one, as a shell does; so of such a program the heap
// alone is not copied. And there the kernel itself writes into each thread's own memory
// (rseq(2)), so the process must not drop that.
func readMemory(arena uintptr) memory {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return memory{}
	}
	thread, ok := uintptr(0), true
	if iscgo {
		thread, ok = threadMemory()
	}
	if !ok {
		return memory{}
	}
	inHeap := new([64]byte)
	m := parseMemory(string(maps), !iscgo, uintptr(unsafe.Pointer(inHeap)), arena, thread)
	m.page = uintptr(os.Getpagesize())
	return m
}

// parseMemory finds it among the mappings of a process (proc_pid_maps(5)). needed are
// addresses in mappings that the process keeps, the first of them in the heap.
func parseMemory(maps string, all bool, needed ...uintptr) (m memory) {
	var private []span
	var program string
	variables := uintptr(0) // where they end, so far
	gap := false
	for line := range strings.Lines(maps) {
		now, ok := parseMapping(line)
		if !ok {
			continue
		}
		if program == "" {
			program = now.file // the first, by its address
		}
		switch {
		case now.mode == "rw-p" && (now.file == program || now.private() && now.start == variables): // bss is behind data
			if m.image.end == 0 {
				m.image.start = now.start
			}
			m.image.end, variables, gap = now.end, now.end, false
			continue
		case now.private():
			private = append(private, now.span)
		}
		keep := now.file == program || strings.HasPrefix(now.file, "[v") || slices.ContainsFunc(needed, now.holds)
		if !keep && gap {
			m.rest[len(m.rest)-1].end = now.end
		} else if !keep {
			m.rest = append(m.rest, now.span)
		}
		gap = !keep
	}
	if m.ours = private; !all {
		m.ours = around(private, needed[0])
	}
	return m
}

// around gives those without a gap between them that hold an address.
func around(spans []span, a uintptr) []span {
	at := slices.IndexFunc(spans, func(s span) bool { return s.holds(a) })
	if at < 0 {
		return nil
	}
	from, to := at, at+1
	for from > 0 && spans[from-1].end == spans[from].start {
		from--
	}
	for to < len(spans) && spans[to-1].end == spans[to].start {
		to++
	}
	return spans[from:to]
}

func (s span) holds(a uintptr) bool { return s.start <= a && a < s.end }

// mapping is one line of maps.
type mapping struct {
	span
	mode, file string // the file is its name, or what the kernel calls the memory
}

// private reports whether it is memory of no file's and no other process's.
func (m mapping) private() bool {
	none := m.file == "" || m.file == "[heap]" || strings.HasPrefix(m.file, "[anon:")
	return none && (m.mode == "rw-p" || m.mode == "---p")
}

func parseMapping(line string) (m mapping, ok bool) {
	where, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	m.mode, rest, _ = strings.Cut(rest, " ")
	_, rest, _ = strings.Cut(rest, " ") // the offset
	_, rest, _ = strings.Cut(rest, " ") // the device
	_, rest, _ = strings.Cut(rest, " ") // the inode
	m.file = strings.TrimLeft(rest, " ")
	from, to, _ := strings.Cut(where, "-")
	start, err := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	m.span = span{uintptr(start), uintptr(end)}
	return m, err == nil && err2 == nil
}
