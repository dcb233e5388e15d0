//go:build linux

package measure

import (
	"iter"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Available is how much memory programs can still have, in bytes (proc_meminfo(5)).
func Available() (uint64, error) {
	text, err := read("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	return kilobytes(text, "MemAvailable"), nil
}

// TreeMemory returns how much memory an init and all processes below use, in bytes: the
// proportional shares of mapped memory, and the files in the given memory file systems of
// the command's view. Processes that end meanwhile count as zero.
func TreeMemory(init, command int, scratch []string) uint64 {
	sum := uint64(0)
	for _, dir := range scratch {
		var fs unix.Statfs_t
		if unix.Statfs("/proc/"+strconv.Itoa(command)+"/root"+dir, &fs) == nil && fs.Type == unix.TMPFS_MAGIC {
			sum += (fs.Blocks - fs.Bfree) * uint64(fs.Bsize)
		}
	}
	for pid := range tree(init) {
		sum += processMemory(pid)
	}
	return sum
}

// tree yields an init and all processes below, each once.
func tree(init int) iter.Seq[int] {
	return func(yield func(int) bool) {
		seen := map[int]bool{}
		for queue := []int{init}; len(queue) > 0; queue = queue[1:] {
			pid := queue[0]
			if seen[pid] {
				continue
			}
			seen[pid] = true
			if !yield(pid) {
				return
			}
			queue = append(queue, children(pid)...)
		}
	}
}

// processMemory is a process's proportional share (proc_pid_smaps(5)). If the share may
// not be read, processMemory is the resident memory.
func processMemory(pid int) uint64 {
	dir := "/proc/" + strconv.Itoa(pid)
	if text, err := read(dir + "/smaps_rollup"); err == nil {
		return kilobytes(text, "Pss") + kilobytes(text, "SwapPss")
	}
	text, err := read(dir + "/statm")
	if f := strings.Fields(text); err == nil && len(f) > 1 {
		if pages, err := strconv.ParseUint(f[1], 10, 64); err == nil {
			return pages * uint64(os.Getpagesize())
		}
	}
	return 0
}

// children lists the processes started by the threads of a process.
func children(pid int) (out []int) {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task"
	names, err := list(tasks)
	if err != nil {
		return nil
	}
	for _, task := range names {
		text, err := read(tasks + "/" + task + "/children")
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(text) {
			if n, err := strconv.Atoi(f); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// kilobytes returns the value of a line "key: N kB", in bytes.
func kilobytes(text, key string) uint64 {
	value, _ := line(text, key)
	n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
