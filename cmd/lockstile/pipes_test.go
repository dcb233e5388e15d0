//go:build linux

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// script runs a script of the host, which starts lockstile as $RUN, in each mode.
func eachScript(t *testing.T, script string, check func(t *testing.T, mode string, r result)) {
	t.Helper()
	for _, mode := range modes {
		p := newPlace(t)
		p.env = []string{"RUN=" + program + " run --sandbox " + mode + " --"}
		cmd := p.command("bash", "-c", script)
		cmd.WaitDelay = patience
		defer p.soon(cmd)()
		check(t, mode, p.do(cmd))
	}
}

// TestLoopsKeepTheirInput checks that a loop of the host reads what its own writer wrote,
// whatever the commands of the loop read and write.
func TestLoopsKeepTheirInput(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"written into":       {`{ printf 'one\ntwo\n'; sleep 0.5; echo three; } | while read -r x; do echo "$x"; $RUN sh -c 'echo INJECTED > /proc/self/fd/0; echo INJECTED > /dev/stdin' 2>/dev/null; done`, "one\ntwo\nthree\n"},
		"not read":           {`seq 5 | while read -r x; do echo "$x"; $RUN true; done`, "1\n2\n3\n4\n5\n"},
		"a line each":        {`seq 6 | while read -r x; do echo "host $x"; $RUN sh -c 'read y; echo "command $y"'; done`, "host 1\ncommand 2\nhost 3\ncommand 4\nhost 5\ncommand 6\n"},
		"read to the end":    {`seq 5 | while read -r x; do echo "host $x"; $RUN cat; done`, "host 1\n2\n3\n4\n5\n"},
		"closed":             {`seq 3 | { $RUN sh -c 'exec 0<&-; sleep 0.1'; cat; }`, "1\n2\n3\n"},
		"refused":            {`seq 3 | { $RUN no-such-command 2>/dev/null; cat; }`, "1\n2\n3\n"},
		"no input":           {`: | $RUN cat; echo end`, "end\n"},
		"a named pipe":       {`mkfifo f; seq 3 > f & { read -r x; echo "$x"; $RUN sh -c 'read y; echo "command $y"'; cat; } < f`, "1\ncommand 2\n3\n"},
		"later input":        {`{ sleep 0.3; echo a; sleep 0.3; echo b; } | $RUN cat`, "a\nb\n"},
		"children that wait": {`seq 3 | { $RUN sh -c 'sleep 0.3 & read x; echo "command $x"'; cat; }`, "command 1\n2\n3\n"},
	} {
		eachScript(t, c.script, func(t *testing.T, mode string, r result) {
			if r.stdout != c.want {
				t.Errorf("%s, %s: %q, want %q; %s", name, mode, r.stdout, c.want, r.stderr)
			}
		})
	}
}

// TestPipesEnd checks that a writer and a reader that go are noticed as without lockstile.
func TestPipesEnd(t *testing.T) {
	for name, script := range map[string]string{
		"the command reads a little":              `yes | $RUN head -n 1; echo "${PIPESTATUS[*]}"`,
		"the reader goes":                         `$RUN yes | head -n 1; echo "${PIPESTATUS[*]}"`,
		"the reader goes, and the pipe is full":   `{ yes | head -c 65536; $RUN yes; } | head -n 1; echo "${PIPESTATUS[*]}"`,
		"the reader goes, and something waits":    `{ echo y; $RUN yes; } | { sleep 0.5; head -n 1; }; echo "${PIPESTATUS[*]}"`,
		"much is read, and the writer doesn't go": `yes | $RUN sh -c 'head -c 5000000 >/dev/null; echo y'; echo "${PIPESTATUS[*]}"`,
	} {
		eachScript(t, script, func(t *testing.T, mode string, r result) {
			status := map[bool]string{true: "141 0", false: "0 141"}[!strings.Contains(script, "| $RUN")]
			if name == "the command reads a little" || strings.HasPrefix(name, "much") {
				status = "141 0"
			}
			if r.stdout != "y\n"+status+"\n" {
				t.Errorf("%s, %s: %q; %s", name, mode, r.stdout, r.stderr)
			}
		})
	}
}

// TestOutputIsNotReadBack checks that a command can't read what others wrote into the pipe
// before, and that the reader gets everything in order.
func TestOutputIsNotReadBack(t *testing.T) {
	for name, script := range map[string]string{
		"output":           `{ echo secret; $RUN sh -c 'echo "$(timeout 0.3 cat /proc/self/fd/1)" > got; echo mine; seq 30000 | tail -n 1'; echo after; } | { sleep 1; cat; }; cat got >&2`,
		"output and error": `{ echo secret; $RUN sh -c 'echo "$(timeout 0.3 cat /proc/self/fd/2)" > got; echo mine; seq 30000 | tail -n 1 >&2' 2>&1; echo after; } | { sleep 1; cat; }; cat got >&2`,
	} {
		eachScript(t, script, func(t *testing.T, mode string, r result) {
			if mode == "read-only" { // nothing can be noted
				return
			}
			if r.stdout != "secret\nmine\n30000\nafter\n" || r.stderr != "\n" {
				t.Errorf("%s, %s: %q, and the command got %q", name, mode, r.stdout, r.stderr)
			}
		})
	}
}

// TestPipeOfAnotherUser checks that a command leaves a loop's input also where its user may
// not open the pipe.
func TestPipeOfAnotherUser(t *testing.T) {
	if !root() {
		t.Skip("needs root and another user")
	}
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, err := range []error{os.Chmod(dir, 0o755), os.Mkdir(dir+"/ws", 0o755), os.Mkdir(dir+"/home", 0o755), os.Chown(dir+"/ws", 47111, 47111), os.Chown(dir+"/home", 47111, 47111),
		exec.Command("cp", program, dir+"/lockstile").Run()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-c", `seq 4 | while read -r x; do echo "host $x"; setpriv --reuid 47111 --regid 47111 --clear-groups "$0" run -C "$1" -- sh -c 'read y; echo "command $y"'; done`, dir+"/lockstile", dir+"/ws")
	cmd.Env = []string{"HOME=" + dir + "/home", "PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if want := "host 1\ncommand 2\nhost 3\ncommand 4\n"; string(out) != want || err != nil {
		t.Errorf("%q, want %q: %v", out, want, err)
	}
}
