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
	gate, request := benchGate(b, dir, ws)
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

// benchGate returns a gate with its home in dir, and a request to run true in ws.
func benchGate(b *testing.B, dir, ws string) (*lockstile.Gate, lockstile.Request) {
	b.Helper()
	gate, err := lockstile.Open(filepath.Join(dir, "home"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { gate.Close() })
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { null.Close() })
	p, err := lockstile.NewPolicy(policy.ModeWorkspaceWrite, ws)
	if err != nil {
		b.Fatal(err)
	}
	return gate, lockstile.Request{Argv: []string{"/bin/true"}, Env: os.Environ(), Stdin: null, Stdout: null, Stderr: null, Policy: p}
}

// BenchmarkPairs compares two ways of a start, in turn.
func BenchmarkPairs(b *testing.B) {
	b.Run("loopback", func(b *testing.B) { // of the command's own, and of the client
		benchmarkPair(b, func(r *lockstile.Request) { r.OwnLoopback = true }, func(*lockstile.Request) {})
	})
	b.Run("caches", func(b *testing.B) { // none, and the home's
		benchmarkPair(b, func(r *lockstile.Request) { r.Policy.Caches = policy.CachesOff }, func(*lockstile.Request) {})
	})
	b.Run("git", func(b *testing.B) { // read-only, and served
		benchmarkPair(b, func(r *lockstile.Request) { r.Policy.Git = policy.GitOff }, func(*lockstile.Request) {})
	})
}

func benchmarkPair(b *testing.B, one, other func(*lockstile.Request)) {
	dir := b.TempDir()
	ws := filepath.Join(dir, "ws")
	if out, err := exec.Command("git", "init", "-q", ws).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	gate, request := benchGate(b, dir, ws)
	took := [2][]time.Duration{}
	for b.Loop() {
		for i, change := range []func(*lockstile.Request){one, other} {
			r := request
			change(&r)
			before := time.Now()
			child, err := gate.Start(r)
			if err != nil {
				b.Fatal(err)
			}
			if exit, err := child.Wait(); err != nil || exit.Status() != 0 {
				b.Fatal(exit, err)
			}
			took[i] = append(took[i], time.Since(before))
		}
	}
	slices.Sort(took[0])
	slices.Sort(took[1])
	x, y := took[0][len(took[0])/2], took[1][len(took[1])/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(x.Seconds()*1e3, "one-ms")
	b.ReportMetric(y.Seconds()*1e3, "other-ms")
	b.ReportMetric(float64(y)/float64(x), "ratio")
}
