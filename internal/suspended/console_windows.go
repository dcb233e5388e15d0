package suspended

import (
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/windows"
)

// console is a pseudo console, which every command gets for itself: as its terminal,
// or, on pipes, to be interrupted by. The user's own console is never the command's.
type console struct {
	mu      sync.Mutex
	handle  windows.Handle // 0 when it is closed
	out, in *os.File       // our ends, nil once taken
	typed   *os.File       // where an interrupt is typed
}

func newConsole(size Size) (*console, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirIn.Close() // the console has its own
	out, theirOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	defer theirOut.Close()
	c := &console{out: out, in: in}
	if err := windows.CreatePseudoConsole(coord(size), windows.Handle(theirIn.Fd()), windows.Handle(theirOut.Fd()), 0, &c.handle); err != nil {
		in.Close()
		out.Close()
		return nil, os.NewSyscallError("CreatePseudoConsole", err)
	}
	c.typed, err = duplicate(in)
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func coord(s Size) windows.Coord {
	return windows.Coord{X: int16(min(max(s.Cols, 1), 1<<15-1)), Y: int16(min(max(s.Rows, 1), 1<<15-1))}
}

func duplicate(f *os.File) (*os.File, error) {
	self := windows.CurrentProcess()
	var h windows.Handle
	err := windows.DuplicateHandle(self, windows.Handle(f.Fd()), self, &h, 0, false, windows.DUPLICATE_SAME_ACCESS)
	if err != nil {
		return nil, os.NewSyscallError("DuplicateHandle", err)
	}
	return os.NewFile(uintptr(h), f.Name()), nil
}

// take gives our ends away.
func (c *console) take() (out, in *os.File) {
	out, in = c.out, c.in
	c.out, c.in = nil, nil
	return out, in
}

// mute is for commands on pipes: what they print at the console itself is lost, and
// must not fill a pipe that nobody reads.
func (c *console) mute() {
	out, in := c.take()
	in.Close()
	go func() {
		_, _ = io.Copy(io.Discard, out)
		out.Close()
	}()
}

// interrupt types ^C. A console that doesn't take it must not keep close from ending
// that.
func (c *console) interrupt() error {
	_, err := c.typed.Write([]byte{3})
	if errors.Is(err, os.ErrClosed) {
		return os.ErrProcessDone
	}
	return err
}

func (c *console) resize(s Size) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle == 0 {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("ResizePseudoConsole", windows.ResizePseudoConsole(c.handle, coord(s)))
}

// close ends the console; our end of its output then comes to an end as well. The
// system may wait until that is read, which another goroutine does.
func (c *console) close() {
	c.mu.Lock()
	handle := c.handle
	c.handle = 0
	c.mu.Unlock()
	if handle == 0 {
		return
	}
	if out, in := c.take(); out != nil {
		out.Close()
		in.Close()
	}
	c.typed.Close()
	go windows.ClosePseudoConsole(handle)
}
