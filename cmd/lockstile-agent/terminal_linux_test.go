package main

import (
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/emulated"
)

// terminal is a terminal of a program's own, read by an emulator.
type terminal struct {
	testing.TB
	*emulated.Terminal
	cmd *exec.Cmd
	mu  sync.Mutex
	all strings.Builder // what the program wrote
}

// on starts a command on a terminal of w columns and h rows. At the end of the test the
// command has ended, or is ended.
func (w *world) on(width, height int, cmd *exec.Cmd) *terminal {
	w.Helper()
	s := &terminal{TB: w.TB, cmd: cmd}
	var err error
	s.Terminal, err = emulated.Open(width, height, func(output []byte) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all.Write(output)
	})
	w.must(err)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.Slave, s.Slave, s.Slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	w.must(cmd.Start())
	s.Slave.Close()
	w.Cleanup(func() {
		s.Close() // a hangup
		_ = cmd.Wait()
	})
	return s
}

// keys types.
func (s *terminal) keys(text string) {
	s.Helper()
	if _, err := s.Master.WriteString(text); err != nil {
		s.Fatal(err)
	}
}

// written is all that the program wrote.
func (s *terminal) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// wait waits until the screen holds all texts, and returns the screen.
func (s *terminal) wait(want ...string) string {
	s.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		text, missing := s.Text(), ""
		for _, w := range want {
			if !strings.Contains(text, w) {
				missing = w
			}
		}
		if missing == "" {
			return text
		}
		if time.Now().After(end) {
			s.Fatalf("no %q on the screen:\n%s", missing, text)
		}
	}
}

// ends waits for the program's end, and returns the exit code.
func (s *terminal) ends() int {
	s.Helper()
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}
