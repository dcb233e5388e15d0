package tui

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childName has the test program be a screen, as a shell's job.
const childName = "LOCKSTILE_TUI_CHILD"

// TestChild is the screen of TestSuspend, in a process of its own.
func TestChild(t *testing.T) {
	if os.Getenv(childName) == "" {
		return
	}
	s := New(Config{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Policy: app, ModelSet: true, Getenv: os.Getenv})
	wait := func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	code := s.Run(Thread{Turn: wait, Run: wait, Used: func() (int, int) { return 0, 1 }, Model: func() string { return "m" }, Sessions: func() []Session { return nil }}, nil)
	os.Exit(code)
}

// TestSuspend suspends a screen under a shell and brings it back: the shell has its modes,
// and then the screen has its own.
func TestSuspend(t *testing.T) {
	s := pair(t, 80, 24)
	shell := exec.Command("/bin/sh", "-c", `set -m; "$0" -test.run TestChild; echo "suspended with $?"; read -r line; echo "shell read $line"; fg >/dev/null; echo "ended with $?"`, os.Args[0])
	shell.Env = append(os.Environ(), childName+"=1", "TERM=xterm-256color", "NO_COLOR=")
	shell.Stdin, shell.Stdout, shell.Stderr = s.emulated.Slave, s.emulated.Slave, s.emulated.Slave
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Kill(-shell.Process.Pid, unix.SIGKILL)
		_ = shell.Wait()
	})
	s.wait("Ask for")
	if s.cooked() {
		t.Error("the terminal isn't raw")
	}
	s.keys("a draft")
	s.wait("┃ a draft")
	s.keys("\x1a")
	s.wait("suspended with")
	for end := time.Now().Add(bound); !s.cooked() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if !s.cooked() {
		t.Error("the shell's terminal is raw")
	}
	s.keys("hello\r")
	s.until("screen after fg", func(text string) bool {
		_, after, ok := strings.Cut(text, "shell read hello")
		return ok && strings.Contains(after, "┃ a draft")
	})
	if s.cooked() {
		t.Error("the terminal isn't raw after fg")
	}
	s.keys("\x15\x04")
	s.wait("ended with 0")
}
