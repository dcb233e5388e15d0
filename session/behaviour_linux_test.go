package session

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// all looks at odd moments until the end, and returns the whole output.
func (s *Session) all(t *testing.T, most time.Duration) (text []byte, omitted int64) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		_, over, _ := s.Exit()
		out := s.Poll(context.Background(), rand.N(most+1))
		text = append(append(text, out.Head...), out.Tail...)
		omitted += out.Omitted
		if over {
			return text, omitted
		}
	}
	t.Fatal("it does not end")
	return nil, 0
}

// TestSplitOverLooks checks that the output is complete and in order, however frequent
// the looks.
func TestSplitOverLooks(t *testing.T) {
	var want strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&want, "%d €\n", i+1)
	}
	for _, terminal := range []bool{false, true} {
		for _, most := range []time.Duration{0, 200 * time.Microsecond, 5 * time.Millisecond} {
			got, omitted := started(t, terminal, `seq -f '%.0f €' 1 20000`).all(t, most)
			got = bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))
			if omitted != 0 || string(got) != want.String() {
				t.Errorf("terminal %v, looks up to %v: %d bytes and %d omitted, want %d", terminal, most, len(got), omitted, want.Len())
			}
		}
	}
}

// TestEndComesWithTheLastOutput checks that a look at the end has all output.
func TestEndComesWithTheLastOutput(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		for range 50 {
			s := started(t, terminal, "echo last")
			out := s.Poll(context.Background(), patience)
			if _, over, _ := s.Exit(); !over || !bytes.Contains(out.Head, []byte("last")) {
				t.Fatalf("terminal %v: over %v, %q", terminal, over, out.Head)
			}
		}
	}
}

// TestOddCommands checks that each command ends at its own time, together with all
// processes left behind.
func TestOddCommands(t *testing.T) {
	for name, script := range map[string]string{
		"closes its output and lives":     "exec >&- 2>&-; sleep 0.2; exit 6",
		"leaves processes that hold it":   "setsid sleep 1007 & sleep 1007 & exit 6",
		"forks twice":                     "(setsid sh -c 'sleep 1007 & exit' &); exit 6",
		"ignores what would end it":       "trap '' INT TERM HUP QUIT; kill -INT $$; kill -TERM $$; kill -HUP $$; exit 6",
		"never reads what it could":       "sleep 0.1; exit 6",
		"prints nothing":                  "exit 6",
		"prints what is no text":          "printf 'a\\000\\377\\033[31m'; exit 6",
		"stops itself and is continued":   "(sleep 0.2; kill -CONT $$) & kill -STOP $$; exit 6",
		"changes its own process group":   "set -m; sleep 0.1 & wait; exit 6",
		"has its input end at once":       "cat </dev/null; exit 6",
		"leaves the terminal in raw mode": "stty raw -echo 2>/dev/null; exit 6",
	} {
		for _, terminal := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, terminal %v", name, terminal), func(t *testing.T) {
				t.Parallel()
				s := started(t, terminal, script)
				s.Poll(context.Background(), patience)
				if exit, over, err := s.Exit(); !over || err != nil || exit.Code != 6 {
					t.Errorf("%+v %v %v", exit, over, err)
				}
			})
		}
	}
}

// TestFlood checks that a gigabyte without a reader costs no memory.
func TestFlood(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := started(t, false, "head -c 1000000000 /dev/zero")
	<-s.over
	runtime.GC()
	runtime.ReadMemStats(&after)
	out := s.Poll(context.Background(), 0)
	if out.Omitted+int64(len(out.Head)+len(out.Tail)) != 1_000_000_000 {
		t.Errorf("%d bytes and %d omitted", len(out.Head)+len(out.Tail), out.Omitted)
	}
	if after.HeapAlloc > before.HeapAlloc+8<<20 {
		t.Errorf("%d bytes of heap, then %d", before.HeapAlloc, after.HeapAlloc)
	}
}
