package watch

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Watch is an inotify instance. The zero value is ready; the first Add makes the kernel
// part.
type Watch struct {
	mu      sync.Mutex
	closed  bool
	file    *os.File
	folders map[int32]*watched
}

// watched is a folder with at least one caller.
type watched struct {
	next int
	tell map[int]func(Change)
}

// gone are the events by which a name goes.
const gone = unix.IN_DELETE | unix.IN_MOVED_FROM

// changes are the events by which a name comes or goes.
const changes = gone | unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_ONLYDIR | unix.IN_DONT_FOLLOW | unix.IN_EXCL_UNLINK

// Add calls tell with each name that comes to a folder or goes, and with the name "" after a
// possible loss. tell
// must not call Add or the returned function. The caller calls the returned function
// once, and tell is not called any more after its return.
func (w *Watch) Add(dir string, tell func(Change)) (remove func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return nil, err
	}
	var number int
	err = w.control(func(fd int) (err error) {
		number, err = unix.InotifyAddWatch(fd, dir, changes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", dir, err)
	}
	id := int32(number)
	f := w.folders[id] // inotify returns the same number for every path to the folder
	if f == nil {
		f = &watched{tell: map[int]func(Change){}}
		w.folders[id] = f
	}
	key := f.next
	f.next++
	f.tell[key] = tell
	return func() { w.remove(id, key) }, nil
}

func (w *Watch) remove(id int32, key int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.folders[id]
	if f == nil {
		return // the folder has gone
	}
	if delete(f.tell, key); len(f.tell) > 0 || w.file == nil {
		return
	}
	delete(w.folders, id)
	_ = w.control(func(fd int) error {
		_, err := unix.InotifyRmWatch(fd, uint32(id))
		return err
	})
}

// Open makes the kernel's part, before commands can use up what the processes of a user
// share.
func (w *Watch) Open() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open()
}

// open makes the instance. The caller holds mu.
func (w *Watch) open() error {
	if w.closed {
		return os.ErrClosed // a guard whose command ends at this moment
	}
	if w.file != nil {
		return nil
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	w.file = os.NewFile(uintptr(fd), "inotify")
	w.folders = map[int32]*watched{}
	go w.listen(w.file)
	return nil
}

func (w *Watch) control(f func(fd int) error) error {
	conn, err := w.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// listen passes events on, until the file is closed.
func (w *Watch) listen(file *os.File) {
	b := make([]byte, 16<<10)
	for {
		n, err := file.Read(b)
		if err != nil {
			return
		}
		for _, e := range parse(b[:n]) {
			w.pass(e)
		}
	}
}

func (w *Watch) pass(e event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.mask&unix.IN_IGNORED != 0 { // the folder has gone
		delete(w.folders, e.id)
		return
	}
	for id, f := range w.folders {
		if id != e.id && e.mask&unix.IN_Q_OVERFLOW == 0 {
			continue
		}
		for _, tell := range f.tell {
			tell(Change{e.name, e.mask&gone != 0})
		}
	}
}

// event is a struct inotify_event.
type event struct {
	id   int32
	mask uint32
	name string
}

// parse reads the kernel's events.
func parse(b []byte) (out []event) {
	for len(b) >= unix.SizeofInotifyEvent {
		length := int(binary.NativeEndian.Uint32(b[12:]))
		end := unix.SizeofInotifyEvent + length
		if length < 0 || end > len(b) {
			return out
		}
		out = append(out, event{
			id: int32(binary.NativeEndian.Uint32(b)), mask: binary.NativeEndian.Uint32(b[4:]),
			name: strings.TrimRight(string(b[unix.SizeofInotifyEvent:end]), "\x00"),
		})
		b = b[end:]
	}
	return out
}

// Close ends the instance. The last close of an inotify file waits for 10 to 20 ms
// (SRCU): Close leaves the wait to the kernel's collector of unreachable sockets.
func (w *Watch) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.file == nil {
		return nil
	}
	err := w.control(leave)
	if closing := w.file.Close(); err == nil {
		err = closing
	}
	w.file, w.folders = nil, nil
	return err
}

// leave puts a file in flight between two sockets, and one of the sockets too.
func leave(fd int) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	return unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(fd, pair[1]), nil, 0)
}
