package emulated

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"
)

// Terminal is a terminal with its emulator. The methods may be called at the same time.
type Terminal struct {
	Master, Slave *os.File
	hear          func(output []byte)
	mu            sync.Mutex
	vt            *vt.Emulator
	running       sync.WaitGroup
}

// Open makes a terminal of width columns and height rows. hear gets all output before the
// emulator does, and may hold it up; nil for nobody.
func Open(width, height int, hear func(output []byte)) (*Terminal, error) {
	master, slave, err := openPair()
	if err != nil {
		return nil, err
	}
	t := &Terminal{Master: master, Slave: slave, hear: hear, vt: vt.NewEmulator(width, height)}
	if err := t.Resize(width, height); err != nil {
		master.Close()
		slave.Close()
		return nil, err
	}
	t.running.Go(t.read)
	t.running.Go(func() { _, _ = io.Copy(master, t.vt) }) // what the emulator answers
	return t, nil
}

func openPair() (master, slave *os.File, err error) {
	// Without O_NONBLOCK a Close would wait for a Read.
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	var n int
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		master.Close()
		return nil, nil, err
	}
	return master, slave, nil
}

func (t *Terminal) read() {
	defer t.vt.InputPipe().(io.Closer).Close()
	b := make([]byte, 64<<10)
	for {
		n, err := t.Master.Read(b)
		if err != nil {
			return
		}
		if t.hear != nil {
			t.hear(b[:n])
		}
		t.With(func(e *vt.Emulator) { _, _ = e.Write(b[:n]) })
	}
}

// Close hangs up, and returns when nothing runs any more.
func (t *Terminal) Close() {
	t.Slave.Close()
	t.Master.Close()
	t.running.Wait()
}

// Resize gives the terminal another size; the kernel tells the programs.
func (t *Terminal) Resize(width, height int) error {
	conn, err := t.Master.SyscallConn()
	if err != nil {
		return err
	}
	t.With(func(e *vt.Emulator) { e.Resize(width, height) })
	wrong := conn.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)})
	})
	if err == nil {
		err = wrong
	}
	return err
}

// With calls do while no output comes.
func (t *Terminal) With(do func(*vt.Emulator)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do(t.vt)
}

// Text is the screen, without the blanks at the ends of lines.
func (t *Terminal) Text() (text string) {
	t.With(func(e *vt.Emulator) { text = Text(e) })
	return text
}
