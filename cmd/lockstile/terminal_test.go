//go:build linux

package main

import (
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// console is a terminal as a user sees it: a screen and a keyboard.
type console struct {
	*testing.T
	keys *os.File // the master
	tty  *os.File // kept open for reading the modes at the end

	mu   sync.Mutex
	text strings.Builder
	over chan struct{}
}

func newConsole(t *testing.T, rows, cols uint16) *console {
	t.Helper()
	keys, tty := openTerminal(t)
	c := &console{T: t, keys: keys, tty: tty, over: make(chan struct{})}
	c.resize(rows, cols)
	go c.watch()
	t.Cleanup(func() { tty.Close(); c.keys.Close() })
	return c
}

// openTerminal opens both ends of a new terminal.
func openTerminal(t testing.TB) (master, tty *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "keys"), tty
}

func (c *console) watch() {
	defer close(c.over)
	buf := make([]byte, 4096)
	for {
		n, err := c.keys.Read(buf)
		c.mu.Lock()
		c.text.Write(buf[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *console) seen() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// wait waits until the pattern is seen.
func (c *console) wait(pattern string) {
	c.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience / 2); !re.MatchString(c.seen()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("%q is not seen in %q", pattern, c.seen())
		}
	}
}

func (c *console) typed(text string) {
	c.Helper()
	if _, err := c.keys.WriteString(text); err != nil {
		c.Fatal(err)
	}
}

// typedUntil types a key until the pattern is seen: before the job is in the foreground,
// and between a shell's two modes, a key may be lost, as on any terminal.
func (c *console) typedUntil(key, pattern string) {
	c.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience / 2); !re.MatchString(c.seen()); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("%q is not seen in %q", pattern, c.seen())
		}
		c.typed(key)
	}
}

// typedUntilEnd is typedUntil for the end of cmd: a shell that has just forked may take a
// signal for itself and keep its child.
func (c *console) typedUntilEnd(key string, cmd *exec.Cmd) {
	c.Helper()
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	for deadline := time.Now().Add(patience / 2); ; {
		c.typed(key)
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			c.Fatalf("%q goes on after %q, seen is %q", cmd.Args, key, c.seen())
		}
		select {
		case <-over:
			return
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (c *console) resize(rows, cols uint16) {
	c.Helper()
	if err := unix.IoctlSetWinsize(int(c.tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols}); err != nil {
		c.Fatal(err)
	}
}

func (c *console) modes() unix.Termios {
	c.Helper()
	m, err := unix.IoctlGetTermios(int(c.tty.Fd()), unix.TCGETS)
	if err != nil {
		c.Fatal(err)
	}
	return *m
}

// on starts cmd with the console as its controlling terminal.
func (c *console) on(cmd *exec.Cmd) *exec.Cmd {
	c.Helper()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.tty, c.tty, c.tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	return cmd
}

func TestTerminal(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p, c := newPlace(t), newConsole(t, 31, 91)
			before := c.modes()
			cmd := c.on(p.command(program, "run", "--sandbox", mode, "--", "sh", "-c",
				`tty; stty size; echo on the terminal > /dev/tty; while read x; do echo "got $x"; done; trap 'n=$((n+1)); stty size' WINCH
				echo armed; while [ -z "$n" ]; do sleep 0.02; done; sleep 0.2; exit $((16+n))`))
			c.wait(`/dev/pts/\d+\r\n31 91\r\non the terminal\r\n`)
			c.typed("first\r")
			c.wait("got first")
			c.typed("second\r\x04") // and the end of input
			c.wait("got second\r\n(.*\r\n)*armed")
			c.resize(44, 55)
			c.wait("44 55")
			err := cmd.Wait() // 17: the command hears of the new size once
			if code := cmd.ProcessState.ExitCode(); code != 17 {
				t.Errorf("exit %d (%v), want 17; seen %q", code, err, c.seen())
			}
			if c.modes() != before {
				t.Error("the terminal's modes are not as before")
			}
		})
	}
}

func TestTerminalInterrupt(t *testing.T) {
	p, c := newPlace(t), newConsole(t, 24, 80)
	cmd := c.on(p.command(program, "run", "--", "sh", "-c", "echo ready; sleep 1007"))
	c.wait("ready")
	c.typedUntilEnd("\x03", cmd)
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit %d, want 130", code)
	}
}

// TestTerminalKilled checks that after any end of lockstile the tree ends, and the
// terminal is restored: for every signal that ends a program and can be caught.
func TestTerminalKilled(t *testing.T) {
	for sig := syscall.Signal(1); sig < 32; sig++ {
		switch sig {
		case syscall.SIGKILL, syscall.SIGSTOP: // can't be caught
		case syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT, syscall.SIGCHLD, syscall.SIGURG, syscall.SIGWINCH: // end nothing
		case syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGPROF, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGIO, syscall.SIGPWR: // end no Go program
		default:
			t.Run(sig.String(), func(t *testing.T) {
				t.Parallel()
				p, c := newPlace(t), newConsole(t, 24, 80)
				before := c.modes()
				cmd := c.on(p.command(program, "run", "--", "sh", "-c", "echo ready; exec sleep 1007"))
				c.wait("ready")
				cmd.Process.Signal(sig)
				defer p.soon(cmd)()
				cmd.Wait()
				if code := cmd.ProcessState.ExitCode(); code != 128+int(sig) {
					t.Errorf("exit %d, want %d", code, 128+int(sig))
				}
				if c.modes() != before {
					t.Error("the terminal's modes are not as before")
				}
			})
		}
	}
}

// TestTerminalIsNotTheHosts checks that the command has no way to the user's own
// terminal.
func TestTerminalIsNotTheHosts(t *testing.T) {
	for _, mode := range confined {
		p, c := newPlace(t), newConsole(t, 24, 80)
		cmd := c.on(p.command(program, "run", "--sandbox", mode, "--", "sh", "-c", "ls /dev/pts | sort | tr '\\n' ' '; ls -l /proc/1/fd 2>&1 | grep -c pts; printf '\\033]52;c;aGk=\\007done\\n'"))
		cmd.Wait()
		c.wait(`0 ptmx 0\r\n`)
		c.wait("done")
		if strings.Contains(c.seen(), "]52;") {
			t.Errorf("%s: the command reached the user's clipboard: %q", mode, c.seen())
		}
	}
}

func TestTerminalLeftOut(t *testing.T) {
	for _, mode := range modes {
		p, c := newPlace(t), newConsole(t, 24, 200)
		cmd := c.on(p.leaveOut(mode, "terminal", "LOCKSTILE_LEAVE_OUT=terminal"))
		cmd.Wait()
		c.wait(`"restriction":"terminal"`)
		if code := cmd.ProcessState.ExitCode(); code != 126 || exists(p.ws+"/ran") {
			t.Errorf("%s: exit %d, ran %v: %s", mode, code, exists(p.ws+"/ran"), c.seen())
		}
	}
}

// TestStreamsAreNotHandedIn checks that a regular file stays outside. The pipe between
// keeps the command from seeking, truncating or mapping the file.
func TestStreamsAreNotHandedIn(t *testing.T) {
	p := newPlace(t)
	file := p.dir + "/out"
	write(t, file, "kept\n")
	out, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := p.command(program, "run", "--", "sh", "-c", `readlink /proc/self/fd/1 >&2; : > /proc/self/fd/1; echo more`)
	cmd.Stdout = out
	r := p.do(cmd)
	if !strings.HasPrefix(r.stderr, "pipe:") {
		t.Errorf("the command holds %q", r.stderr)
	}
	if b, _ := os.ReadFile(file); string(b) != "kept\nmore\n" {
		t.Errorf("the file holds %q", b)
	}
}

// TestBothWaysAreOne checks that the records of a start in a terminal and of a start on
// pipes differ only in the terminal itself.
func TestBothWaysAreOne(t *testing.T) {
	for _, mode := range modes {
		p := newPlace(t)
		for _, io := range []string{"--tty=false", "--tty"} {
			if r := p.lockstile("run", "--sandbox", mode, io, "--", "sh", "-c", "exit 7"); r.code != 7 {
				t.Errorf("%s %s: exit %d: %s", mode, io, r.code, r.stderr)
			}
		}
		l := p.logLines()
		pipes, terminal := l[0], l[2]
		if pipes.IO != "pipes" || terminal.IO != "terminal" {
			t.Errorf("%s: io %q and %q", mode, pipes.IO, terminal.IO)
		}
		rest := slices.DeleteFunc(slices.Clone(terminal.Proven), func(r string) bool { return r == "terminal" })
		if !slices.Equal(pipes.Proven, rest) || len(rest) != len(terminal.Proven)-1 {
			t.Errorf("%s: proven on pipes %q, in a terminal %q", mode, pipes.Proven, terminal.Proven)
		}
		pipes.IO, pipes.Seq, pipes.PID, pipes.By, pipes.Proven = terminal.IO, terminal.Seq, terminal.PID, terminal.By, terminal.Proven
		if !reflect.DeepEqual(pipes, terminal) {
			t.Errorf("%s: %+v\n%+v", mode, pipes, terminal)
		}
	}
}

// TestTerminalRestoredAfterRefusal checks the terminal's modes after a start that was
// refused.
func TestTerminalRestoredAfterRefusal(t *testing.T) {
	p, c := newPlace(t), newConsole(t, 24, 80)
	before := c.modes()
	for _, args := range [][]string{{"-C", "/", "--", "true"}, {"--", "no-such-command"}} {
		c.on(p.command(program, append([]string{"run", "--tty"}, args...)...)).Wait()
		if c.modes() != before {
			t.Errorf("%q: the terminal's modes are not as before", args)
		}
	}
}

// TestTerminalJobControl checks that a shell inside has job control.
func TestTerminalJobControl(t *testing.T) {
	for _, mode := range modes {
		p, c := newPlace(t), newConsole(t, 24, 80)
		p.env = []string{"PS1=prompt>", "ENV=/dev/null"}
		cmd := c.on(p.command(program, "run", "--sandbox", mode, "--", "bash", "--norc", "--noprofile", "-i"))
		c.wait("prompt>")
		c.typed("sleep 1007\r")
		c.wait(`sleep 1007\r\n`)
		c.typedUntil("\x1a", `Stopped +sleep 1007`)
		c.typed("fg\r")
		c.wait(`fg\r\n(.*\r)?sleep 1007\r\n`)
		c.typedUntil("\x1c", `Quit(.|\r|\n)*prompt>`) // ^\
		c.typedUntilEnd("\x04", cmd)
		if code := cmd.ProcessState.ExitCode(); code != 131 {
			t.Errorf("%s: exit %d, want 131, that of the last job: %q", mode, code, c.seen())
		}
	}
}

// TestTerminalSuspend checks that ^Z stops a command without a shell inside, and
// lockstile too, like any job of the user's own shell.
func TestTerminalSuspend(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p, c := newPlace(t), newConsole(t, 24, 80)
			p.env = []string{"PS1=prompt>", "ENV=/dev/null", "MODE=" + mode, "LOCKSTILE=" + program}
			cmd := c.on(p.command("bash", "--norc", "--noprofile", "-i"))
			c.wait("prompt>")
			c.typed("$LOCKSTILE run --sandbox $MODE -- sh -c 'echo ready; while :; do echo x >> /dev/stderr; sleep 0.01; done'; echo e-$?\r")
			c.wait("ready\r\n(x\r\n)+")
			c.typedUntil("\x1a", "Stopped")
			c.typed("stty -a | grep -o ' icanon'; echo count-$((1-1))\r")
			c.wait(" icanon\r\n")
			c.wait("count-0\r\n")
			still := len(c.seen())
			time.Sleep(100 * time.Millisecond)
			if more := c.seen()[still:]; strings.Contains(more, "x\r\n") {
				t.Errorf("the command goes on: %q", more)
			}
			c.typed("fg >/dev/null; echo e-$?\r")
			c.wait(`count-0\r\n(.|\r|\n)*fg(.|\r|\n)*x\r\nx\r\n`)
			c.typedUntil("\x03", `e-130\r\n`)
			c.typedUntilEnd("\x04", cmd)
		})
	}
}
