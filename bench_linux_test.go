package lockstile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// BenchmarkStart measures a proven and recorded start through the library, with the end
// of the command, in turn with os/exec: cold, with processes made ahead, and in a program
// with a large heap.
func BenchmarkStart(b *testing.B) {
	b.Run("cold", func(b *testing.B) { benchmarkStart(b, false) })
	b.Run("ahead", func(b *testing.B) { benchmarkStart(b, true) })
	b.Run("heap", func(b *testing.B) {
		heap := make([]byte, 1<<30)
		if err := unix.Madvise(heap, unix.MADV_POPULATE_WRITE); err != nil {
			b.Skipf("Linux 5.14: %v", err)
		}
		benchmarkStart(b, false)
		heap[0] = 1 // keeps the heap alive
	})
}

func benchmarkStart(b *testing.B, ahead bool) {
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	ws := filepath.Join(dir, "ws")
	if err := os.Mkdir(ws, 0o755); err != nil {
		b.Fatal(err)
	}
	gate, err := lockstile.Open(filepath.Join(dir, "home"))
	if err != nil {
		b.Fatal(err)
	}
	defer gate.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	as, err := lockstile.NewPolicy(policy.ModeWorkspaceWrite, ws)
	if err != nil {
		b.Fatal(err)
	}
	request := lockstile.Request{Argv: []string{"/bin/true"}, Env: os.Environ(), Stdin: null, Stdout: null, Stderr: null, Policy: as}
	var bare, proven []time.Duration
	for b.Loop() {
		before := time.Now()
		cmd := exec.Command("/bin/true")
		cmd.Dir = ws
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		bare = append(bare, time.Since(before))
		if ahead {
			gate.Prepare(request.Policy, request.Env)
			time.Sleep(5 * time.Millisecond) // at least the time that callers think
		}
		before = time.Now()
		child, err := gate.Start(request)
		if err != nil {
			b.Fatal(err)
		}
		if exit, err := child.Wait(); err != nil || exit.Status() != 0 {
			b.Fatal(exit, err)
		}
		proven = append(proven, time.Since(before))
	}
	slices.Sort(bare)
	slices.Sort(proven)
	x, y := bare[len(bare)/2], proven[len(proven)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(x.Seconds()*1e3, "bare-ms")
	b.ReportMetric(y.Seconds()*1e3, "proven-ms")
	b.ReportMetric((y-x).Seconds()*1e3, "more-ms")
}
