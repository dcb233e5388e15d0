//go:build linux

package cli

import (
	"os"
	"sync"
	"syscall"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/pty"
)

// endpoints joins our standard streams to the command's, by a terminal of the command's
// own or by pipes.
type endpoints struct {
	size    *lockstile.Size // of the terminal; nil without a terminal
	master  *os.File
	screen  *pty.Attachment
	streams *pty.Streams
	escapes bool // terminal.dangerous_escapes
	excerpt *pty.Excerpt
	left    error // of leave
	leaving sync.Once
}

// connect makes the ends. excerpt keeps the ends of the command's messages, nil for none.
func connect(how tty, escapes bool, excerpt *pty.Excerpt) (*endpoints, error) {
	e := &endpoints{escapes: escapes, size: terminalSize(how), excerpt: excerpt}
	if e.size != nil {
		return e, nil
	}
	var err error
	e.streams, err = pty.NewStreams(os.Stdin, os.Stdout, os.Stderr, escapes, excerpt)
	return e, err
}

// terminalSize returns the size for the command's terminal, or nil without a terminal.
func terminalSize(how tty) *lockstile.Size {
	if how == ttyNo || how == ttyAuto && !onTerminal() {
		return nil
	}
	if size, err := pty.SizeOf(os.Stdout); err == nil {
		return (*lockstile.Size)(&size)
	}
	return &lockstile.Size{Rows: 24, Cols: 80} // the usual size of a terminal
}

func onTerminal() bool {
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if pty.ClassifyStd(f) != pty.KindTerminal {
			return false
		}
	}
	return true
}

// give puts the command's terminal or streams into the request.
func (e *endpoints) give(r *lockstile.Request) {
	if e.size != nil {
		r.Terminal = e.size
		return
	}
	r.Stdin, r.Stdout, r.Stderr = e.streams.Child[0], e.streams.Child[1], e.streams.Child[2]
}

// join begins to copy between our streams and a running command's.
func (e *endpoints) join(child *lockstile.Child) (err error) {
	if e.size == nil {
		e.streams.Start()
		return nil
	}
	e.master = child.Terminal
	e.screen, err = pty.Attach(os.Stdin, os.Stdout, e.master, e.escapes, e.excerpt)
	if err == nil {
		go e.suspend(child)
	}
	return err
}

// suspend stops the command and us on the user's request, and continues the command with
// us. suspend runs as long as the program.
func (e *endpoints) suspend(child *lockstile.Child) {
	for range e.screen.Suspended() {
		if child.Signal(syscall.SIGSTOP) != nil {
			return // the command has ended
		}
		e.screen.Stop()
		_ = child.Signal(syscall.SIGCONT)
	}
}

// leave copies the remaining output after the command's end, and restores our terminal.
// Only the first call does anything.
func (e *endpoints) leave() error {
	e.leaving.Do(func() { e.left = e.leaveOnce() })
	return e.left
}

func (e *endpoints) leaveOnce() error {
	if e.size == nil {
		return e.streams.Wait(flushTime)
	}
	if e.screen == nil {
		return nil
	}
	return e.screen.Wait(flushTime)
}

// output returns the ends of the command's messages, after the command's end.
func (e *endpoints) output() string {
	_ = e.leave() // run reports the error
	return e.excerpt.Text()
}

// drop frees all files, and restores our terminal if leave could not.
func (e *endpoints) drop() {
	if e.streams != nil {
		e.streams.Close()
	}
	if e.screen != nil {
		e.screen.Close()
	}
	if e.master != nil {
		e.master.Close()
	}
}

// columns returns the width of the terminal on standard output, 0 without one.
func columns() int {
	size, err := pty.SizeOf(os.Stdout)
	if err != nil {
		return 0
	}
	return max(int(size.Cols), 40)
}
