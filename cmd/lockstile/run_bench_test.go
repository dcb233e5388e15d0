//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// contender is a way to do a benchmark's work.
type contender struct {
	name string
	argv []string
}

// race runs the contenders in turn, and reports the median of each in milliseconds, and
// the ratio to the first. A contender that prints a number reports its own time, in
// nanoseconds.
func race(b *testing.B, dir string, env []string, contenders ...contender) {
	b.Helper()
	took := make([][]time.Duration, len(contenders))
	round := func(keep bool) {
		for i, c := range contenders {
			cmd := exec.Command(c.argv[0], c.argv[1:]...)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
			before := time.Now()
			out, err := cmd.CombinedOutput()
			if err != nil {
				b.Fatalf("%s: %v\n%s", c.name, err, out)
			}
			spent := time.Since(before)
			if own, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64); err == nil {
				spent = time.Duration(own)
			}
			if keep {
				took[i] = append(took[i], spent)
			}
		}
	}
	round(false)
	for b.Loop() {
		round(true)
	}
	b.ReportMetric(0, "ns/op") // a sum over all contenders says nothing
	var first float64
	for i, c := range contenders {
		ms := median(took[i]).Seconds() * 1e3
		b.ReportMetric(ms, c.name+"-ms")
		if i == 0 {
			first = ms
		} else {
			b.ReportMetric(ms/first, c.name+"/"+contenders[0].name)
		}
	}
}

// bubblewrap is bwrap with the namespaces and the view of workspace-write.
func bubblewrap(b *testing.B, ws string, command ...string) []string {
	b.Helper()
	if _, err := exec.LookPath("bwrap"); err != nil {
		b.Skip("needs bwrap: apt-get install bubblewrap")
	}
	return slices.Concat([]string{"bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup",
		"--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run", "--tmpfs", "/tmp", "--bind", ws, ws, "--chdir", ws,
		"--die-with-parent", "--new-session", "--cap-drop", "ALL", "--"}, command)
}

// benchPlace makes a workspace that every view has, and returns the environment for it.
func benchPlace(b *testing.B) (ws string, env []string) {
	b.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	ws = dir + "/ws"
	if err := os.Mkdir(ws, 0o755); err != nil {
		b.Fatal(err)
	}
	return ws, []string{"LOCKSTILE_HOME=" + dir + "/home"}
}

func inSandbox(flag string, command ...string) []string {
	return append([]string{program, "run", flag, "--"}, command...)
}

// BenchmarkRun measures a whole start and its end, in turn with bubblewrap and without a
// sandbox.
func BenchmarkRun(b *testing.B) {
	ws, env := benchPlace(b)
	race(b, ws, env,
		contender{"bwrap", bubblewrap(b, ws, "/bin/true")},
		contender{"bare", []string{"/bin/true"}},
		contender{"run", inSandbox("--tty=false", "/bin/true")},
		contender{"run-tty", inSandbox("--tty", "/bin/true")})
}

// BenchmarkInside measures work within the sandbox, in turn with the same work outside,
// from the first instruction to the last: without the time of the start.
func BenchmarkInside(b *testing.B) {
	for name, script := range map[string]string{
		"processes": "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done",
		"files":     "rm -rf f; mkdir f; cd f; seq 20000 | xargs touch; seq 20000 | xargs rm",
		"git":       "cd repo; for i in $(seq 20); do git status >/dev/null; done",
	} {
		b.Run(name, func(b *testing.B) {
			ws, env := benchPlace(b)
			if name == "git" {
				repository(b, ws+"/repo", 5000)
			}
			timed := "t=$(date +%s%N); ( " + script + " ) && echo $(($(date +%s%N) - t))"
			race(b, ws, env, contender{"bare", []string{"sh", "-c", timed}}, contender{"inside", inSandbox("--tty=false", "sh", "-c", timed)})
		})
	}
}

// repository makes a repository with a number of files.
func repository(b *testing.B, dir string, files int) {
	b.Helper()
	for i := range files {
		name := filepath.Join(dir, fmt.Sprint(i%50), fmt.Sprint(i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(name), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for _, args := range []string{"init -q", "add -A", "-c user.name=x -c user.email=x@x commit -qm x"} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, strings.Fields(args)...)...).CombinedOutput(); err != nil {
			b.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	// git looks into files as young as the index each time, and the index can't be
	// written inside.
	time.Sleep(1100 * time.Millisecond)
	if out, err := exec.Command("git", "-C", dir, "status").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// BenchmarkMany measures a start in a workspace with many protected names, and folders.
func BenchmarkMany(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ws, env := benchPlace(b)
			for i := range n {
				if err := os.MkdirAll(fmt.Sprintf("%s/%d/.vscode", ws, i), 0o755); err != nil {
					b.Fatal(err)
				}
			}
			race(b, ws, env, contender{"bare", []string{"/bin/true"}}, contender{"run", inSandbox("--tty=false", "/bin/true")})
		})
	}
}
