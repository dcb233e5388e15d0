package session

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// benchGate is a gate and a request for a command on a terminal, or on pipes.
func benchGate(b *testing.B, terminal bool, argv ...string) (*lockstile.Gate, lockstile.Request) {
	b.Helper()
	dir := b.TempDir()
	ws := filepath.Join(dir, "ws")
	if err := os.Mkdir(ws, 0o755); err != nil {
		b.Fatal(err)
	}
	g, err := lockstile.Open(filepath.Join(dir, "home"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close() })
	r := lockstile.Request{Policy: policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws}, Argv: argv, Env: []string{"PATH=/usr/bin:/bin"}}
	if terminal {
		r.Terminal = &lockstile.Size{Rows: 24, Cols: 80}
	}
	return g, r
}

// atMost returns how many of the wanted sessions this user may have: each session has a
// keyring.
func atMost(b testing.TB, wanted int) int {
	b.Helper()
	text, err := os.ReadFile("/proc/sys/kernel/keys/maxkeys")
	most, err2 := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || err2 != nil || os.Getuid() == 0 {
		return wanted // root has a million
	}
	return min(wanted, most/2)
}

// BenchmarkIdle starts a thousand waiting sessions, or as many as the user may have, and
// reports the memory of a session beside its command: of this process, and of the
// sandbox's first process. A shared page counts in equal parts.
func BenchmarkIdle(b *testing.B) {
	many := atMost(b, 1000)
	for _, terminal := range []bool{false, true} {
		b.Run(map[bool]string{false: "pipes", true: "terminal"}[terminal], func(b *testing.B) {
			for b.Loop() {
				g, r := benchGate(b, terminal, "sleep", "1007")
				table := NewTable(many)
				before := kibibytes(b, os.Getpid())
				for range many {
					s, err := Start(g, r)
					if err != nil {
						b.Fatal(err)
					}
					id, _ := table.Add(Entry{Session: s})
					table.Left(id)
				}
				ours := kibibytes(b, os.Getpid()) - before
				inits := 0
				for _, pid := range children(b) {
					inits += kibibytes(b, pid)
				}
				b.ReportMetric(float64(ours)/float64(many), "KiB-ours")
				b.ReportMetric(float64(inits)/float64(many), "KiB-init")
				if err := table.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// kibibytes is a process's part of the memory in use (proc_pid_smaps(5), Pss).
func kibibytes(b *testing.B, pid int) (n int) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0 // the process has ended
	}
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		b.Fatal(err)
	}
	return n
}

// children lists our children.
func children(b *testing.B) (pids []int) {
	b.Helper()
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for pid := range strings.FieldsSeq(string(text)) {
			n, err := strconv.Atoi(pid)
			if err != nil {
				b.Fatal(err)
			}
			pids = append(pids, n)
		}
	}
	return pids
}

// onBareTerminal starts a command on a terminal without a sandbox.
func onBareTerminal(b *testing.B, argv ...string) (cmd *exec.Cmd, master *os.File) {
	b.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		b.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		b.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		b.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer slave.Close()
	cmd = exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return cmd, os.NewFile(uintptr(fd), "master")
}

// BenchmarkKey types a character and waits for the echo: in turn through a session and at
// a bare terminal.
func BenchmarkKey(b *testing.B) {
	echoing := []string{"sh", "-c", "stty raw -echo; echo ready; exec cat"}
	g, r := benchGate(b, true, echoing...)
	s, err := Start(g, r)
	if err != nil {
		b.Fatal(err)
	}
	defer s.End()
	bare, master := onBareTerminal(b, echoing...)
	defer master.Close()
	defer bare.Wait()
	defer bare.Process.Kill()
	echo := bufio.NewReader(master)
	if _, err := echo.ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	for seen := ""; !strings.Contains(seen, "ready\r\n") && !strings.Contains(seen, "ready\n"); {
		seen += string(s.Poll(context.Background(), 10*time.Millisecond).Head)
	}
	var through, without []time.Duration
	for b.Loop() {
		begun := time.Now()
		if err := s.Type("x"); err != nil {
			b.Fatal(err)
		}
		for len(s.Poll(context.Background(), 0).Head) == 0 {
			if err := s.Await(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
		through = append(through, time.Since(begun))
		begun = time.Now()
		if _, err := master.Write([]byte("x")); err != nil {
			b.Fatal(err)
		}
		if _, err := echo.ReadByte(); err != nil {
			b.Fatal(err)
		}
		without = append(without, time.Since(begun))
	}
	slices.Sort(through)
	slices.Sort(without)
	b.ReportMetric(float64(without[len(without)/2].Nanoseconds())/1000, "bare-µs")
	b.ReportMetric(float64(through[len(through)/2].Nanoseconds())/1000, "session-µs")
	b.ReportMetric(float64(through[len(through)/2])/float64(without[len(without)/2]), "times-bare")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFlood reads 50 MiB of lines from a terminal: in turn by a session without
// looks, and by a bare read of a bare terminal.
func BenchmarkFlood(b *testing.B) {
	lines := []string{"sh", "-c", "yes 'a line of output, as programs write it when they are in the mood' | head -c 50000000"}
	g, r := benchGate(b, true, lines...)
	var through, without []time.Duration
	for b.Loop() {
		begun := time.Now()
		s, err := Start(g, r)
		if err != nil {
			b.Fatal(err)
		}
		<-s.over
		through = append(through, time.Since(begun))
		begun = time.Now()
		bare, master := onBareTerminal(b, lines...)
		_, _ = io.Copy(io.Discard, master) // the copy ends with EIO
		without = append(without, time.Since(begun))
		_ = bare.Wait()
		master.Close()
	}
	slices.Sort(through)
	slices.Sort(without)
	b.ReportMetric(without[len(without)/2].Seconds()*1000, "bare-ms")
	b.ReportMetric(through[len(through)/2].Seconds()*1000, "session-ms")
	b.ReportMetric(float64(without[len(without)/2])/float64(through[len(through)/2]), "of-bare-speed")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAtOnce starts 300 sessions at the same time, or as many as the user may have.
func BenchmarkAtOnce(b *testing.B) {
	many := atMost(b, 300)
	g, r := benchGate(b, true, "sleep", "1007")
	for b.Loop() {
		b.StopTimer()
		table := NewTable(many)
		took := make([]time.Duration, many)
		var group sync.WaitGroup
		b.StartTimer()
		begun := time.Now()
		for i := range many {
			group.Go(func() {
				s, err := Start(g, r)
				if err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(begun)
				id, _ := table.Add(Entry{Session: s})
				table.Left(id)
			})
		}
		group.Wait()
		b.StopTimer()
		if err := table.Close(); err != nil {
			b.Fatal(err)
		}
		slices.Sort(took)
		b.ReportMetric(took[many-1].Seconds()*1000/float64(many), "ms-each")
		b.StartTimer()
	}
	b.ReportMetric(0, "ns/op")
}
