//go:build linux

package tape

import (
	"os"
	"strconv"
	"strings"
)

// span is a range of addresses.
type span struct{ start, end uintptr }

// memory is what of this process a first process doesn't need.
type memory struct {
	ours  []span  // not to be copied, but for the stack that it stands on
	image span    // the program's variables, of which it uses none
	page  uintptr // size of one
}

// readMemory reads where it lies, for a fork by this thread. Nothing is left out where that
// can't be told: then processes are larger, no more.
func readMemory() memory {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return memory{}
	}
	thread := uintptr(0)
	if iscgo {
		var ok bool
		if thread, ok = threadMemory(); !ok {
			return memory{}
		}
	}
	m := parseMemory(string(maps), thread)
	m.page = uintptr(os.Getpagesize())
	return m
}

// parseMemory finds it among the mappings of a process (proc_pid_maps(5)). Where there is a
// C library, thread is an address in its memory for this thread: the kernel itself writes
// there (rseq(2)), so the fork needs it.
func parseMemory(maps string, thread uintptr) (m memory) {
	var program string
	variables := uintptr(0) // where they end, so far
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
			m.image.end, variables = now.end, now.end
		case now.private() && !(now.start <= thread && thread < now.end):
			m.ours = append(m.ours, now.span)
		}
	}
	return m
}

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
