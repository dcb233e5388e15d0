//go:build linux

package measure

import (
	"strconv"
	"strings"
)

// Rest is what processes below an init do at a moment.
type Rest struct {
	Names []string // the commands' names (proc_pid_comm(5)), in the order of the tree
	busy  bool     // a thread runs, can run, or waits for a disk
	ran   string   // processes and the scheduler's account of their threads
}

// Progressed reports whether the processes have done something since an earlier moment:
// a process came or ended, or a thread ran.
func (r Rest) Progressed(since Rest) bool { return r.busy || r.ran != since.ran }

// RestOf reads the processes below an init. A process that ends meanwhile is left out.
func RestOf(init int) Rest {
	var r Rest
	var account strings.Builder
	seen := map[int]bool{init: true}
	for queue := children(init); len(queue) > 0; queue = queue[1:] {
		pid := queue[0]
		if seen[pid] {
			continue
		}
		seen[pid] = true
		dir := "/proc/" + strconv.Itoa(pid)
		if name, err := read(dir + "/comm"); err == nil && threads(dir, &account, &r.busy) {
			r.Names = append(r.Names, strings.TrimSuffix(name, "\n"))
		}
		queue = append(queue, children(pid)...)
	}
	r.ran = account.String()
	return r
}

// threads adds the scheduler's account of a process's threads (proc_pid_stat(5), schedstat
// in the kernel's sched-stats.rst), and reports whether the process is alive.
func threads(dir string, account *strings.Builder, busy *bool) (alive bool) {
	tasks, err := list(dir + "/task")
	if err != nil {
		return false
	}
	for _, task := range tasks {
		stat, err := read(dir + "/task/" + task + "/stat")
		if err != nil {
			continue
		}
		_, after, _ := strings.Cut(stat, ") ")
		switch state := after[:min(len(after), 1)]; state {
		case "Z", "X", "":
			continue
		case "R", "D":
			*busy = true
		}
		alive = true
		ran, _ := read(dir + "/task/" + task + "/schedstat")
		account.WriteString(dir + "/" + task + " " + ran)
	}
	return alive
}
