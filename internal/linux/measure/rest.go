//go:build linux

package measure

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Rest is what processes below an init do at a moment.
type Rest struct {
	Names []string // the commands' names (proc_pid_comm(5)), in the order of the tree
	busy  bool     // a thread runs, can run, waits for a disk, or waits for its output to be read
	ran   string   // processes and the scheduler's account of their threads
}

// Progressed reports whether the processes have done something since an earlier moment:
// a process came or ended, or a thread ran.
func (r Rest) Progressed(since Rest) bool { return r.busy || r.ran != since.ran }

// RestOf reads the processes below an init. A process that ends meanwhile is left out.
func RestOf(init int) Rest {
	var r Rest
	var account strings.Builder
	for pid := range tree(init) {
		if pid == init {
			continue
		}
		dir := "/proc/" + strconv.Itoa(pid)
		if name, alive := threads(dir, &account, &r.busy); alive {
			r.Names = append(r.Names, name)
			r.busy = r.busy || writes(dir)
		}
	}
	r.ran = account.String()
	return r
}

// writes reports whether a thread of a process waits in a call that writes (proc_pid_syscall(5)):
// on a busy machine the reader of the output may not have had its turn.
func writes(dir string) bool {
	tasks, _ := list(dir + "/task")
	return slices.ContainsFunc(tasks, func(task string) bool {
		text, err := read(dir + "/task/" + task + "/syscall")
		number, _, _ := strings.Cut(text, " ")
		call, notNumber := strconv.Atoi(number)
		return err == nil && notNumber == nil && slices.Contains(writing, call)
	})
}

// writing are the calls that wait for room in a pipe or a terminal.
var writing = []int{unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_SPLICE, unix.SYS_SENDFILE, unix.SYS_TEE, unix.SYS_VMSPLICE}

// mostIdle is how many processes of a tree Idle looks at: each costs some 30 µs.
const mostIdle = 512

// Idle returns an account of the threads of a tree, the init's too. ok is false if a thread
// runs, can run or waits for a disk, if the kernel keeps no account, or for a tree of more
// than mostIdle processes. No process of the tree has run between two looks with the same
// account.
func Idle(init int) (account string, ok bool) {
	var all strings.Builder
	busy, seen := false, 0
	for pid := range tree(init) {
		if seen++; seen > mostIdle {
			return "", false
		}
		if threads("/proc/"+strconv.Itoa(pid), &all, &busy); busy {
			return "", false
		}
	}
	account = all.String()
	for line := range strings.Lines(account) {
		if fields := strings.Fields(line); len(fields) != 4 || fields[3] == "0" { // the third number counts the times on a processor
			return "", false
		}
	}
	return account, account != ""
}

// threads adds the scheduler's account of a process's threads (proc_pid_stat(5), schedstat
// in the kernel's sched-stats.rst). threads returns the name of the process, and reports
// whether the process is alive.
func threads(dir string, account *strings.Builder, busy *bool) (name string, alive bool) {
	tasks, err := list(dir + "/task")
	if err != nil {
		return "", false
	}
	for _, task := range tasks {
		stat, err := read(dir + "/task/" + task + "/stat")
		if err != nil {
			continue
		}
		comm, state := stateOf(stat)
		if strings.HasSuffix(dir, "/"+task) { // the thread that stands for the process
			name = comm
		}
		switch state {
		case 'Z', 'X', 0:
			continue
		case 'R', 'D':
			*busy = true
		}
		alive = true
		ran, _ := read(dir + "/task/" + task + "/schedstat")
		account.WriteString(dir + "/" + task + " " + ran)
	}
	return name, alive
}

// Begun returns when a process began, in ticks since the machine's start
// (proc_pid_stat(5), field 22); "" for no process.
func Begun(pid int) string {
	stat, err := read("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const field = 22 - 3 // behind the name
	if len(fields) <= field || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[field]
}

// stateOf returns the name and the state in a line of proc_pid_stat(5), 0 for another
// text. The name is the process's own choice, and may hold brackets: the last one counts.
func stateOf(stat string) (name string, state byte) {
	begin, end := strings.IndexByte(stat, '('), strings.LastIndex(stat, ") ")
	if begin < 0 || end < begin || end+2 >= len(stat) {
		return "", 0
	}
	return stat[begin+1 : end], stat[end+2]
}
