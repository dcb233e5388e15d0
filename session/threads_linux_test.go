package session

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// hanging makes connects that wait for room at a single place, prints a line, and lets
// the connects in after a signal. The threads have small stacks: there are many.
const hanging = connecting + `
kind = sys.argv[1]
family, name = {"path": (socket.AF_UNIX, "s" + sys.argv[2]), "abstract": (socket.AF_UNIX, "\0s"), "inet": (socket.AF_INET, ("127.0.0.1", 0))}[kind]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
threading.stack_size(64 << 10)
l, first = full(family, name)
waits = [beside(socket.socket(family).connect, l.getsockname()) for _ in range(int(sys.argv[3]))]
time.sleep(0.5)
print("hang", [out for t, out in waits if out], flush=True)
signal.sigwait([signal.SIGUSR1])
for _ in range(int(sys.argv[3]) + 1): l.accept()
for t, out in waits: t.join()
print("through", [out for t, out in waits if out != ["none"]], flush=True)
signal.pause()
`

// TestThreads checks that 300 sessions with 64 waiting connects each, the most allowed,
// take no threads of ours: the runtime ends a process with more than 10,000 threads.
// Users other than root have fewer sessions: the limit of keyrings (200) allows no more.
// A low limit of open files also allows fewer.
func TestThreads(t *testing.T) {
	const own = 20 // descriptors of a session, and a few for new sessions
	many := atMost(t, 300)
	if have := files(t, uint64(many*own)); have < many*own {
		many = have / own
	}
	const each = 64
	g, r := pythonGate(t)
	sessions := make([]*Session, many)
	at := time.Now()
	inParallel(many, func(i int) {
		kind := []string{"path", "abstract", "inet"}[i%3]
		r := r
		r.Argv = []string{"python3", "-c", hanging, kind, fmt.Sprint(i), fmt.Sprint(each)}
		var err error
		if sessions[i], err = Start(g, r); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	inParallel(many, func(i int) {
		if text := sessions[i].sees(t, "\n"); text != "hang []\n" {
			t.Errorf("session %d: %q", i, text)
		}
	})
	had := threads(t)
	t.Logf("%d sessions, %d connects that hang, %d threads, %v", many, many*each, had, time.Since(at))
	if most := 200; had > most {
		t.Errorf("%d threads, more than %d", had, most)
	}
	// A part gets in: no TCP connects, which would take too long.
	some := min(many, 30)
	inParallel(some, func(i int) {
		if i%3 == 2 {
			return
		}
		if err := sessions[i].Signal(syscall.SIGUSR1); err != nil {
			t.Error(err)
		}
		if text := sessions[i].sees(t, "\n"); text != "through []\n" {
			t.Errorf("session %d: %q", i, text)
		}
	})
	inParallel(many, func(i int) {
		if err := sessions[i].End(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%v, %d threads", time.Since(at), threads(t))
}

// inParallel calls do for each number below many, several at a time.
func inParallel(many int, do func(int)) {
	var group sync.WaitGroup
	for lane := range 8 {
		group.Go(func() {
			for i := lane; i < many; i += 8 {
				do(i)
			}
		})
	}
	group.Wait()
}

func pythonGate(t *testing.T) (*lockstile.Gate, lockstile.Request) {
	t.Helper()
	dir := t.TempDir()
	ws := dir + "/ws"
	if err := os.Mkdir(ws, 0o755); err != nil {
		t.Fatal(err)
	}
	g, err := lockstile.Open(dir + "/home")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g, lockstile.Request{Policy: policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws}, Env: []string{"PATH=/usr/bin:/bin"}, OwnLoopback: true}
}

// files raises the limit of open files to at least wanted if possible, and returns the
// limit.
func files(t *testing.T, wanted uint64) int {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if old.Cur >= wanted {
		return int(min(old.Cur, math.MaxInt32))
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: wanted, Max: max(wanted, old.Max)}); err != nil {
		return int(old.Cur)
	}
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &old) })
	return int(wanted)
}

// threads is how many threads this process has (proc_pid_status(5)).
func threads(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\nThreads:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
