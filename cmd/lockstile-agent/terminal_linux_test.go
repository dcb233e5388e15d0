package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"
)

// terminal is a terminal of a program's own, read by an emulator.
type terminal struct {
	testing.TB
	cmd    *exec.Cmd
	master *os.File
	mu     sync.Mutex
	vt     *vt.Emulator
	all    strings.Builder // what the program wrote
}

// on starts a command on a terminal of w columns and h rows. At the end of the test the
// command has ended, or is ended.
func (w *world) on(width, height int, cmd *exec.Cmd) *terminal {
	w.Helper()
	s := &terminal{TB: w.TB, cmd: cmd, vt: vt.NewEmulator(width, height)}
	var slave *os.File
	s.master, slave = openPair(w.TB)
	w.must(unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)}))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	w.must(cmd.Start())
	slave.Close()
	answers, output := make(chan struct{}), make(chan struct{})
	go func() { // what the emulator answers
		defer close(answers)
		_, _ = io.Copy(s.master, s.vt)
	}()
	go func() {
		defer close(output)
		s.read()
	}()
	w.Cleanup(func() {
		s.master.Close() // a hangup
		_ = cmd.Wait()
		<-output
		s.vt.InputPipe().(io.Closer).Close()
		<-answers
	})
	return s
}

func openPair(t testing.TB) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func (s *terminal) read() {
	b := make([]byte, 64<<10)
	for {
		n, err := s.master.Read(b)
		if err != nil {
			return
		}
		s.mu.Lock()
		_, _ = s.vt.Write(b[:n])
		s.all.Write(b[:n])
		s.mu.Unlock()
	}
}

// keys types.
func (s *terminal) keys(text string) {
	s.Helper()
	if _, err := s.master.WriteString(text); err != nil {
		s.Fatal(err)
	}
}

// text is the screen, without the blanks at the ends of lines.
func (s *terminal) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(s.vt.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
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
		text, missing := s.text(), ""
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
