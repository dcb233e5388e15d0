package suspended

import (
	"errors"
	"io"
	"os"
	"sync"
)

// console is a pseudo console. Every command has its own: as the terminal, or, on pipes,
// for interrupts. The user's own console is never the command's.
type console struct {
	sys     system
	mu      sync.Mutex
	handle  Handle   // 0 when closed
	out, in *os.File // our ends, nil once taken
	typed   *os.File // where an interrupt is typed
}

func newConsole(s system, size Size) (*console, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirIn.Close() // the console has a copy
	out, theirOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	defer theirOut.Close()
	c := &console{sys: s, out: out, in: in}
	if c.typed, err = s.duplicateFile(in); err == nil {
		c.handle, err = s.createConsole(size, theirIn, theirOut)
	}
	if err != nil {
		in.Close()
		out.Close()
		if c.typed != nil {
			c.typed.Close()
		}
		return nil, err
	}
	return c, nil
}

// take returns our ends, once; later calls return nil.
func (c *console) take() (out, in *os.File) {
	out, in = c.out, c.in
	c.out, c.in = nil, nil
	return out, in
}

// mute is for commands on pipes: output at the console itself is lost, and must not fill
// a pipe without a reader.
func (c *console) mute() {
	out, in := c.take()
	in.Close()
	go func() {
		_, _ = io.Copy(io.Discard, out)
		out.Close()
	}()
}

// interrupt types ^C without the lock: a console that doesn't take the byte must not keep
// close from ending the write.
func (c *console) interrupt() error {
	_, err := c.typed.Write([]byte{3})
	if errors.Is(err, os.ErrClosed) {
		return os.ErrProcessDone
	}
	return err
}

func (c *console) resize(size Size) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle == 0 {
		return os.ErrProcessDone
	}
	return c.sys.resizeConsole(c.handle, size)
}

// close ends the console; then our end of the output ends as well. The system may wait
// for a reader of the output: another goroutine reads.
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
	go c.sys.closeConsole(handle)
}
