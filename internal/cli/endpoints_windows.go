package cli

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/escapes"
	"github.com/lockstile/lockstile/internal/pty"
)

// endpoints joins our standard streams to the command's: by a console of the command's
// own, or by pipes. The command never gets one of our own handles.
type endpoints struct {
	size    *lockstile.Size // of the console; nil without a console
	theirs  [3]*os.File     // the command's ends of the pipes
	ours    [3]*os.File
	escapes bool
	copying sync.WaitGroup
	done    chan struct{} // closed by leave
	restore []func()      // functions that restore the modes of our console
}

// connect makes the ends. Windows keeps no excerpt yet.
func connect(how tty, escapes bool, _ *pty.Excerpt) (*endpoints, error) {
	e := &endpoints{size: terminalSize(how), escapes: escapes, done: make(chan struct{})}
	if e.size != nil {
		return e, nil
	}
	for i := range e.theirs {
		read, write, err := os.Pipe()
		if err != nil {
			e.drop()
			return nil, err
		}
		if e.theirs[i], e.ours[i] = write, read; i == 0 {
			e.theirs[i], e.ours[i] = read, write
		}
	}
	return e, nil
}

// terminalSize returns the size for the command's console, or nil without a console.
func terminalSize(how tty) *lockstile.Size {
	if how == ttyNo || how == ttyAuto && !onConsole() {
		return nil
	}
	if size, err := consoleSize(); err == nil {
		return &size
	}
	return &lockstile.Size{Rows: 24, Cols: 80} // the usual size of a terminal
}

func onConsole() bool {
	var mode uint32
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) != nil {
			return false
		}
	}
	return true
}

func consoleSize() (lockstile.Size, error) {
	var info windows.ConsoleScreenBufferInfo
	err := windows.GetConsoleScreenBufferInfo(windows.Handle(os.Stdout.Fd()), &info)
	return lockstile.Size{Rows: uint16(info.Window.Bottom - info.Window.Top + 1), Cols: uint16(info.Window.Right - info.Window.Left + 1)}, err
}

// give puts the command's console or streams into the request.
func (e *endpoints) give(r *lockstile.Request) {
	r.Terminal = e.size
	r.Stdin, r.Stdout, r.Stderr = e.theirs[0], e.theirs[1], e.theirs[2]
}

// join begins to copy between our streams and a running command's.
func (e *endpoints) join(child *lockstile.Child) error {
	if e.size != nil {
		e.ours[0], e.ours[1] = child.TerminalInput, child.Terminal
		e.raw(os.Stdin, windows.ENABLE_VIRTUAL_TERMINAL_INPUT)
		e.raw(os.Stdout, windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
		go e.followSize(child)
	}
	closeFiles(e.theirs[:])
	go func() { // the copy may wait for a key for ever
		_, _ = io.Copy(e.ours[0], os.Stdin)
		if e.size == nil {
			e.ours[0].Close()
		}
	}()
	for i, to := range []*os.File{1: os.Stdout, 2: os.Stderr} {
		if from := e.ours[i]; i > 0 && from != nil {
			e.copying.Go(func() {
				filter := escapes.NewFilter(to, e.escapes)
				_, _ = io.Copy(filter, from)
				_ = filter.Close()
			})
		}
	}
	return nil
}

// raw sets the mode of our console, if f is a console.
func (e *endpoints) raw(f *os.File, mode uint32) {
	h := windows.Handle(f.Fd())
	var was uint32
	if windows.GetConsoleMode(h, &was) == nil && windows.SetConsoleMode(h, mode) == nil {
		e.restore = append(e.restore, func() { _ = windows.SetConsoleMode(h, was) })
	}
}

// sizePoll is the time between looks at our console's size: a reader of the input as text
// hears of no change.
const sizePoll = 250 * time.Millisecond

func (e *endpoints) followSize(child *lockstile.Child) {
	now := *e.size
	for {
		select {
		case <-e.done:
			return
		case <-time.After(sizePoll):
		}
		if size, err := consoleSize(); err == nil && size != now && child.Resize(size) == nil {
			now = size
		}
	}
}

// leave copies the remaining output after the command's end.
func (e *endpoints) leave() error {
	close(e.done)
	copied := make(chan struct{})
	go func() {
		e.copying.Wait()
		close(copied)
	}()
	select {
	case <-copied:
		return nil
	case <-time.After(flushTime):
		return errors.New("the command's output is held open by a program outside: its end may be missing")
	}
}

// output returns nothing: no excerpt is kept.
func (*endpoints) output() string { return "" }

// drop frees all files, and restores our console.
func (e *endpoints) drop() {
	for _, undo := range e.restore {
		undo()
	}
	closeFiles(e.theirs[:])
	closeFiles(e.ours[:])
}

func closeFiles(files []*os.File) {
	for i, f := range files {
		if f != nil {
			f.Close()
			files[i] = nil
		}
	}
}

// columns returns 0: the width of a terminal is asked for on Linux alone.
func columns() int { return 0 }
