package picture

import (
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

	"github.com/lockstile/lockstile/internal/emulated"
)

// patience bounds the wait for a text.
const patience = time.Minute

// recorder is a terminal with a program, a person who types, and the recording.
type recorder struct {
	*testing.T
	*emulated.Terminal
	slow bool // types as fast as a person, and pauses to read

	mu     sync.Mutex
	begun  time.Time
	result Recording
	rest   []byte // the begin of a character
}

// record starts a program on a terminal of its own.
func record(t *testing.T, slow bool, width, height int, cmd *exec.Cmd) *recorder {
	t.Helper()
	r := &recorder{T: t, slow: slow, begun: time.Now(), result: Recording{Width: width, Height: height}}
	var err error
	if r.Terminal, err = emulated.Open(width, height, r.keep); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r.Slave, r.Slave, r.Slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Slave.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGHUP) // ignored under nohup
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
		r.Close()
	})
	return r
}

// keep adds output to the recording, in whole characters.
func (r *recorder) keep(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
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
	var out []string
	r.With(func(e *vt.Emulator) {
		add := func(at func(x, y int) *uv.Cell, rows int) {
			for y := range rows {
				var b strings.Builder
				for x := range e.Width() {
					if c := at(x, y); c != nil {
						b.WriteString(c.Content)
					}
				}
				out = append(out, strings.TrimRight(b.String(), " "))
			}
		}
		add(e.ScrollbackCellAt, e.ScrollbackLen())
		add(e.CellAt, e.Height())
	})
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
		if _, err := r.Master.WriteString(string(key)); err != nil {
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
