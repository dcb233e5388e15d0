//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// callers start what follows them and have it ignore signals: the words, and the set as
// /proc/PID/status has it. Their own process becomes lockstile.
var callers = map[string]struct {
	words   []string
	ignored uint64
	signals []syscall.Signal
}{
	"nohup":      {[]string{"nohup"}, 1, []syscall.Signal{syscall.SIGHUP}},
	"background": {[]string{"sh", "-c", `trap '' INT QUIT; exec "$0" "$@"`}, 6, []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT}},
	"all":        {[]string{"sh", "-c", `trap '' HUP INT QUIT; exec "$0" "$@"`}, 7, []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT}},
	"default":    {[]string{"env", "--default-signal=HUP,INT,QUIT"}, 0, nil},
}

// ignoredBy reads what a process ignores of SIGHUP, SIGINT and SIGQUIT.
func ignoredBy(t *testing.T, status string) uint64 {
	t.Helper()
	_, rest, found := strings.Cut(status, "SigIgn:\t")
	if !found || len(rest) < 16 {
		t.Fatalf("no SigIgn in %q", status)
	}
	set, err := strconv.ParseUint(rest[:16], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return set & 7
}

// TestIgnoredSignalsStayIgnored: what the caller has ignored, lockstile ignores, and so
// does the command, but on a terminal of its own. Other signals are passed on.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	for name, caller := range callers {
		for mode, way := range ways {
			t.Run(name+" "+mode+" "+way, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				args := append(caller.words[1:], program, "run", way, "--sandbox", mode, "--", "bash", "-c",
					"trap 'exit 41' TERM; grep SigIgn /proc/self/status; while :; do sleep 0.02; done")
				cmd := p.command(caller.words[0], args...)
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer p.soon(cmd)()
				text, err := bufio.NewReader(out).ReadString('\n')
				if err != nil {
					t.Fatalf("the command said %q: %v", text, err)
				}
				want := caller.ignored
				if way == "--tty" {
					want = 0
				}
				if got := ignoredBy(t, text); got != want {
					t.Errorf("the command ignores %#x, want %#x", got, want)
				}
				status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
				if err != nil {
					t.Fatal(err)
				}
				if got := ignoredBy(t, string(status)); got != caller.ignored {
					t.Errorf("lockstile ignores %#x, want %#x", got, caller.ignored)
				}
				for _, s := range caller.signals {
					cmd.Process.Signal(s)
				}
				time.Sleep(50 * time.Millisecond)
				cmd.Process.Signal(syscall.SIGTERM)
				if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 41 {
					t.Errorf("exit %v, want 41, by the SIGTERM that is passed on", err)
				}
			})
		}
	}
}

// TestInTheBackground: a shell without job control has what it starts with & ignore ^C
// and ^\.
func TestInTheBackground(t *testing.T) {
	p := newPlace(t)
	r := p.do(p.command("sh", "-c", `"$0" run -- grep SigIgn /proc/self/status & wait`, program))
	if got := ignoredBy(t, r.stdout+r.stderr); got != 6 {
		t.Errorf("the command ignores %#x, want SIGINT and SIGQUIT", got)
	}
}
