//go:build linux

package tape

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// span is a range of addresses.
type span struct{ start, end uintptr }

// memory is the part of this process's memory that a first process doesn't need.
type memory struct {
	ours  []span  // not copied, except the stack in use
	rest  []span  // dropped by the process
	image span    // the program's variables, which may return to their values in the file: the process uses none
	page  uintptr // size of a page
}

// readMemory reads the mappings, for a fork by this thread with the given arena. On
// failure readMemory leaves nothing out: processes then are larger, no more.
func readMemory(arena uintptr) memory {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return memory{}
	}
	inHeap := new([64]byte)
	code, _, _, _ := runtime.Caller(0)
	p := parseProgram(string(maps), code)
	thread := uintptr(0)
	if iscgo {
		thread = threadMemory()
	}
	m := p.memory(iscgo, uintptr(unsafe.Pointer(inHeap)), arena, thread)
	m.page = uintptr(os.Getpagesize())
	return m
}

// program is the mappings of a process, and the program's file.
type program struct {
	mappings []mapping
	file     string
	alone    bool // no code of another file is mapped: no C library, and no loader of a C library
}

// parseProgram reads the mappings (proc_pid_maps(5)). code is an address in the program.
func parseProgram(maps string, code uintptr) (p program) {
	for line := range strings.Lines(maps) {
		if m, ok := parseMapping(line); ok {
			p.mappings = append(p.mappings, m)
		}
	}
	at := slices.IndexFunc(p.mappings, func(m mapping) bool { return m.holds(code) })
	if at < 0 {
		return program{}
	}
	p.file = p.mappings[at].file
	p.alone = !slices.ContainsFunc(p.mappings, func(m mapping) bool {
		return strings.HasSuffix(m.mode, "xp") && m.file != p.file && !m.kernels()
	})
	return p
}

// fixed is the upper bound of programs at their linked address. Other programs (PIE) find
// functions by variables filled in at run time.
const fixed = 1 << 32

// memory returns the memory that is not needed. needed are addresses in mappings that are
// needed: the first in the heap, the last in a C library's memory for the thread.
//
// Memory that is not copied is missing in every fork made at the same time. A thread of a
// C library may fork at any time, as a shell does: in a program with a C library only the
// heap is not copied. There the kernel also writes into a thread's own memory (rseq(2)),
// and the process must not drop the thread's memory.
func (p program) memory(cgo bool, needed ...uintptr) (m memory) {
	var private []span
	gap, data := false, uintptr(0) // where the program's other variables end
	for _, now := range p.mappings {
		switch {
		case now.mode == "rw-p" && now.file == p.file:
			data = now.end
			if now.end <= fixed {
				m.image = now.span
			}
		case now.private() && now.start == data: // the variables that begin as zero
			if m.image.end != data {
				m.image.start = now.start
			}
			m.image.end, gap = now.end, false
			continue
		case now.private():
			private = append(private, now.span)
		}
		keep := now.file == p.file || now.kernels() || slices.ContainsFunc(needed, now.holds)
		if !keep && gap {
			m.rest[len(m.rest)-1].end = now.end
		} else if !keep {
			m.rest = append(m.rest, now.span)
		}
		gap = !keep
	}
	if p.alone && !cgo {
		m.ours = private
		return m
	}
	m.ours = around(private, needed[0])
	if needed[len(needed)-1] == 0 {
		m.rest = nil
	}
	return m
}

// around returns the spans that adjoin, without a gap, the span with the address.
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

// mapping is a line of maps.
type mapping struct {
	span
	mode, file string // file is the file's name, or the kernel's name of the memory
}

// private reports whether the memory belongs to no file and no other process.
func (m mapping) private() bool {
	none := m.file == "" || m.file == "[heap]" || strings.HasPrefix(m.file, "[anon:")
	return none && (m.mode == "rw-p" || m.mode == "---p")
}

// kernels reports whether the memory is the kernel's own code and data in each process
// (vdso(7)).
func (m mapping) kernels() bool { return strings.HasPrefix(m.file, "[v") }

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
