package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// TestReaderGoes closes the pipe of `exec --json` in the middle of a turn: nothing runs on
// for nobody, whether or not SIGPIPE was ignored at the start.
func TestReaderGoes(t *testing.T) {
	for _, shell := range []string{`exec "$0" "$@"`, `trap '' PIPE; exec "$0" "$@"`} {
		t.Run(shell, func(t *testing.T) {
			w := newWorld(t, func(r standin.Request) standin.Answer {
				if r.Number < 30 {
					return standin.Of(calls("echo " + strings.Repeat("x", r.Number) + "; sleep 0.2"))
				}
				return standin.Say("done")
			})
			cmd := w.command("sh", "-c", shell, program, "exec", "--json", "go")
			out, err := cmd.StdoutPipe()
			w.must(err)
			w.must(cmd.Start())
			lines := bufio.NewScanner(out)
			for range 4 {
				lines.Scan()
			}
			out.Close()
			err = cmd.Wait()
			if n := len(w.server.Requests()); n > 5 || err == nil {
				t.Errorf("%d requests, %v", n, err)
			}
			for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // the kernel ends the tree
				left := w.processes()
				if len(left) == 0 {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("%q are left", left)
				}
			}
			w.verified()
		})
	}
}

// TestFullDisk fills the disk of the home, with a little more room each time: no command
// runs without a record, and the program says why.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a small disk needs root")
	}
	const script = `set -e
mount -t tmpfs -o size=1m,mode=700 none "$LOCKSTILE_HOME"
cp "$1" "$LOCKSTILE_HOME/config.toml"
cat /dev/zero > "$LOCKSTILE_HOME/fill" 2>/dev/null || true
truncate -s -$(($2 * 4096)) "$LOCKSTILE_HOME/fill"
"$3" exec go && code=0 || code=$?
cp "$LOCKSTILE_HOME/sandbox.log" "$4" || true
exit $code`
	whole := false
	for pages := 0; !whole && pages < 60; pages += 1 + pages/8 {
		w := newWorld(t, standin.Answers(standin.Of(calls("echo a >> ran")), standin.Of(calls("echo b >> ran; sleep 0.2")), standin.Of(calls("echo c >> ran"))))
		config, log := filepath.Join(w.dir, "config.toml"), filepath.Join(w.dir, "log")
		w.must(os.Rename(filepath.Join(w.home, "config.toml"), config))
		cmd := w.command("sh", "-c", script, "sh", config, strconv.Itoa(pages), program, log)
		cmd.Env = append(cmd.Env, "LOCKSTILE_TALLY=") // a verdict whose record has no room is refused
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		r := w.do(cmd)
		ran, _ := os.ReadFile(filepath.Join(w.ws, "ran"))
		logged, _ := os.ReadFile(log)
		commands, starts := strings.Count(string(ran), "\n"), strings.Count(string(logged), `"event":"start"`)
		if whole = commands == 3; commands > starts || !whole && !strings.Contains(r.err, "no space left on device") || whole && r.code != 0 {
			t.Errorf("%d pages: exit %d, %d commands ran, the log has %d starts: %s", pages, r.code, commands, starts, r.err)
		}
		if left := w.processes(); len(left) > 0 {
			t.Errorf("%d pages: %q are left", pages, left)
		}
	}
	if !whole {
		t.Error("the turn never had room")
	}
}
