package picture

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/pty"
)

// patience bounds the wait for a text.
const patience = 30 * time.Second

// recorder is a terminal with a program, a person who types, and the recording.
type recorder struct {
	*testing.T
	master *os.File
	slow   bool // types as fast as a person, and pauses to read

	mu     sync.Mutex
	vt     *vt.Emulator
	begun  time.Time
	result Recording
	rest   []byte // the begin of a character
}

// record starts a program on a terminal of its own.
func record(t *testing.T, slow bool, width, height int, cmd *exec.Cmd) *recorder {
	t.Helper()
	r := &recorder{T: t, slow: slow, vt: vt.NewEmulator(width, height), begun: time.Now(), result: Recording{Width: width, Height: height}}
	slave := r.open(width, height)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	answers, output := make(chan struct{}), make(chan struct{})
	go func() { // what the emulator answers
		defer close(answers)
		_, _ = io.Copy(r.master, r.vt)
	}()
	go func() {
		defer close(output)
		r.read()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGHUP)
		_ = cmd.Wait()
		r.master.Close()
		<-output
		r.vt.InputPipe().(io.Closer).Close()
		<-answers
	})
	return r
}

// open makes the terminal.
func (r *recorder) open(width, height int) (slave *os.File) {
	r.Helper()
	var err error
	if r.master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		r.Fatal(err)
	}
	conn, err := r.master.SyscallConn()
	if err != nil {
		r.Fatal(err)
	}
	n := 0
	if wrong := conn.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}); wrong != nil || err != nil {
		r.Fatal(wrong, err)
	}
	if slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		r.Fatal(err)
	}
	if err := pty.SetSize(r.master, pty.Size{Rows: uint16(height), Cols: uint16(width)}); err != nil {
		r.Fatal(err)
	}
	return slave
}

func (r *recorder) read() {
	b := make([]byte, 64<<10)
	for {
		n, err := r.master.Read(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		_, _ = r.vt.Write(b[:n])
		r.keep(b[:n])
		r.mu.Unlock()
	}
}

// keep adds output to the recording, in whole characters.
func (r *recorder) keep(b []byte) {
	b = append(r.rest, b...)
	whole := len(b)
	for back := 1; back <= min(utf8.UTFMax-1, len(b)); back++ {
		if at := len(b) - back; utf8.RuneStart(b[at]) {
			if !utf8.FullRune(b[at:]) {
				whole = at
			}
			break
		}
	}
	r.rest = append([]byte{}, b[whole:]...)
	r.result.Pieces = append(r.result.Pieces, Piece{At: time.Since(r.begun).Truncate(time.Millisecond), Text: string(b[:whole])})
}

// text is what the terminal shows, below what has scrolled away.
func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	add := func(at func(x, y int) *uv.Cell, rows int) {
		for y := range rows {
			var b strings.Builder
			for x := range r.vt.Width() {
				if c := at(x, y); c != nil {
					b.WriteString(c.Content)
				}
			}
			out = append(out, strings.TrimRight(b.String(), " "))
		}
	}
	add(r.vt.ScrollbackCellAt, r.vt.ScrollbackLen())
	add(r.vt.CellAt, r.vt.Height())
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}

// wait waits until the terminal shows a text that fits.
func (r *recorder) wait(pattern string) {
	r.Helper()
	want := regexp.MustCompile("(?s)" + pattern)
	for end := time.Now().Add(patience); !want.MatchString(r.text()); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("the terminal doesn't show %q but\n%s", pattern, r.text())
		}
	}
}

// types types as a person does: some keys come faster.
func (r *recorder) types(text string) {
	r.Helper()
	for i, key := range text {
		if _, err := r.master.WriteString(string(key)); err != nil {
			r.Fatal(err)
		}
		if r.slow {
			time.Sleep(time.Duration(50+(i*37)%45) * time.Millisecond)
		}
	}
}

// enter ends a line.
func (r *recorder) enter() {
	r.Helper()
	r.reads(400 * time.Millisecond)
	r.types("\r")
}

// reads waits as long as a person needs to read.
func (r *recorder) reads(d time.Duration) {
	if r.slow {
		time.Sleep(d)
	}
}
