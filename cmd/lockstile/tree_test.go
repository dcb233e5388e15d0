//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var modes = []string{"workspace-write", "read-only", "danger-full-access"}

// ways yields each mode, on pipes and in a terminal.
func ways(yield func(mode, way string) bool) {
	for _, mode := range modes {
		for _, way := range ioFlags {
			if !yield(mode, way) {
				return
			}
		}
	}
}

// family is a command with spread-out processes: sessions of their own, orphans, ignored
// signals. family prints ready when all processes run.
const family = `
	trap '' HUP
	for i in 1 2 3; do
		setsid sh -c 'trap "" TERM HUP INT; (sleep 1007 & sleep 1007) & sleep 1007' &
	done
	sleep 1007 &
	setsid sleep 1007 &
	echo ready
	`

// marked returns the machine's processes with the mark in their environment, apart from
// lockstile itself.
func marked(t *testing.T, mark string) (pids []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && strings.Contains(string(env), mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// running is a lockstile whose command has printed ready.
type running struct {
	*place
	cmd  *exec.Cmd
	out  *bufio.Reader
	mark string
}

func (p *place) begin(mode, way, script string) *running {
	p.Helper()
	mark := fmt.Sprintf("LOCKSTILE_TEST_MARK=%s-%d", filepath.Base(p.dir), time.Now().UnixNano())
	p.env = append(p.env, mark)
	p.way = way
	cmd := p.command(program, "run", "--sandbox", mode, "--", "sh", "-c", script)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		p.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	defer p.soon(cmd)()
	r := &running{p, cmd, bufio.NewReader(pipe), mark}
	if text, err := r.out.ReadString('\n'); err != nil || strings.TrimRight(text, "\r\n") != "ready" {
		p.Fatalf("the command said %q: %v", text, err)
	}
	return r
}

// grown waits until the tree has n processes: a test of a smaller tree sees nothing.
func (r *running) grown(n int) {
	r.Helper()
	for range 400 {
		if len(marked(r.T, r.mark)) >= n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.Fatalf("only %d processes are seen", len(marked(r.T, r.mark)))
}

// end waits for lockstile and returns its exit code, or 128+N.
func (r *running) end() int {
	r.Helper()
	defer r.soon(r.cmd)()
	rest, _ := io.ReadAll(r.out) // the end of the output shows that no process holds the pipe any more
	r.Logf("printed %q", rest)
	err := r.cmd.Wait()
	ws, ok := r.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok {
		r.Fatal(err)
	}
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}

// gone waits until no marked process is left. After a kill, lockstile's end may be seen
// before the end of its tree.
func (r *running) gone() {
	r.Helper()
	var left []int
	for range 400 {
		if left = marked(r.T, r.mark); len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, pid := range left {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		r.Errorf("process %d is left: %q", pid, text)
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// TestTreeEndsWithUs ends lockstile by each signal; the tree must end as well.
func TestTreeEndsWithUs(t *testing.T) {
	for mode, way := range ways {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGABRT, syscall.SIGQUIT} {
			t.Run(mode+" "+way+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				r := newPlace(t).begin(mode, way, family+"exec sleep 1007")
				r.grown(8)
				r.cmd.Process.Signal(sig)
				code := r.end()
				if code == 0 {
					t.Errorf("exit %d, want a failure", code)
				}
				r.gone()
				r.verify()
			})
		}
	}
}

// TestTreeEndsWithTheCommand checks that run returns only when no process of the tree is
// left.
func TestTreeEndsWithTheCommand(t *testing.T) {
	for mode, way := range ways {
		t.Run(mode+" "+way, func(t *testing.T) {
			t.Parallel()
			r := newPlace(t).begin(mode, way, family+"exit 9")
			if code := r.end(); code != 9 {
				t.Errorf("exit %d, want 9", code)
			}
			for _, pid := range marked(t, r.mark) {
				// lockstile-init has reported the end, and is about to exit.
				name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
				if err == nil && string(name) != "lockstile-init\n" {
					t.Errorf("process %d, %s is left when run returns", pid, name)
				}
			}
			r.gone()
		})
	}
}

// TestInitKilled kills the sandbox's first process from outside.
func TestInitKilled(t *testing.T) {
	for mode, way := range ways {
		t.Run(mode+" "+way, func(t *testing.T) {
			t.Parallel()
			r := newPlace(t).begin(mode, way, family+"exec sleep 1007")
			children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", r.cmd.Process.Pid, r.cmd.Process.Pid))
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range threads(t, r.cmd.Process.Pid) {
				b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", r.cmd.Process.Pid, task))
				children = append(children, b...)
			}
			for pid := range strings.FieldsSeq(string(children)) {
				n, _ := strconv.Atoi(pid)
				syscall.Kill(n, syscall.SIGKILL)
			}
			if code := r.end(); code != 137 {
				t.Errorf("exit %d, want 137", code)
			}
			r.gone()
			if l := r.lastLine(); l.Event != "end" || !strings.Contains(l.Error, "from outside") {
				t.Errorf("the log says %+v", l)
			}
		})
	}
}

func threads(t *testing.T, pid int) (tasks []string) {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		tasks = append(tasks, e.Name())
	}
	return tasks
}

func TestSignalsArePassedOn(t *testing.T) {
	for mode, way := range ways {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH} {
			if sig == syscall.SIGWINCH && way == "--tty" {
				continue // the terminal's own size makes the signal (TestTerminal)
			}
			t.Run(mode+" "+way+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				// The shell waits when the signal comes; its child gets the signal too.
				r := newPlace(t).begin(mode, way, fmt.Sprintf("trap 'exit 41' %d; echo ready; while :; do sleep 0.02; done", int(sig)))
				r.cmd.Process.Signal(sig)
				if code := r.end(); code != 41 {
					t.Errorf("exit %d, want 41", code)
				}
			})
		}
	}
}

// TestKilledAtAnyMoment kills lockstile during a start, again and again, and looks for
// leftovers.
func TestKilledAtAnyMoment(t *testing.T) {
	for mode, way := range ways {
		t.Run(mode+" "+way, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.way = way
			mark := "LOCKSTILE_TEST_MARK=moment-" + filepath.Base(filepath.Dir(p.dir)) + mode + way
			p.env = []string{mark, "LOCKSTILE_TALLY="} // a kill between two counts is no fault
			var group sync.WaitGroup
			for i := range 150 {
				cmd := p.command(program, "run", "--sandbox", mode, "--", "sleep", "1007")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(i) * 50 * time.Microsecond) // up to 7.5 ms: from before the clone to after the release
				cmd.Process.Kill()
				group.Go(func() { _ = cmd.Wait() })
			}
			group.Wait()
			(&running{place: p, mark: mark}).gone()
			p.verify()
			p.quiet(filepath.Join(p.home, "private"))
		})
	}
}

// quiet waits until nothing is made in a folder any more, and removes the folder. A normal
// user can't see the mark of a process that has hardened itself: its end may come last.
func (p *place) quiet(dir string) {
	p.Helper()
	var err error
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(10 * time.Millisecond) {
		if err = os.RemoveAll(dir); err == nil {
			return
		}
	}
	p.Errorf("something is still made in %s: %v", dir, err)
}
