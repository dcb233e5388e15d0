//go:build linux

// Package gitfs is the file system that stands on a git directory inside of a sandbox:
// gitfs answers the kernel's requests (FUSE) and does on the real directory what git does
// there, as package gitdir allows it.
//
// Package gitfs must never place bytes at a checked name that the rules have not looked
// at, follow a link of the directory, or open a file outside of the directory. Package
// gitfs must never keep a thread for an idle sandbox.
package gitfs

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Server serves one git directory to one sandbox.
type Server struct {
	*Folder
	device *os.File     // /dev/fuse, as mounted
	kept   string       // the folder for logs that git replaces or removes
	count  atomic.Int64 // acts that were refused
	begun  atomic.Bool  // the trials are over
	done   sync.WaitGroup

	// order makes calls that decide by content or by name exclude all others.
	order   sync.RWMutex
	nodes   nodes
	handles handles
	history history
}

// workers is how many requests are served at the same time. A waiting worker is a
// goroutine without a thread.
const workers = 3

// New takes the device of a mounted file system, and the folder: the caller must Serve and
// Finish. kept is the folder for logs that git replaces or removes; the Server makes the
// folder when needed.
func New(device int, f *Folder, kept string) *Server {
	_ = unix.SetNonblock(device, true) // for the poller; the descriptor is ours
	return &Server{Folder: f, kept: kept, device: os.NewFile(uintptr(device), "fuse"), nodes: newNodes(), handles: newHandles(), history: newHistory()}
}

// Serve begins to answer. The workers end when the file system is gone, or with Close.
func (s *Server) Serve() {
	for range workers {
		s.done.Go(s.work)
	}
}

// Begin takes a fresh look at the folder, for a command. kept is as in New.
func (s *Server) Begin(f *Folder, kept string) {
	s.order.Lock()
	defer s.order.Unlock()
	s.Folder.Close()
	s.Folder, s.kept = f, kept
}

// Refusals is how many acts the Server has refused.
func (s *Server) Refusals() int { return int(s.count.Load()) }

// Release ends the time of the trials: from here on the history counts.
func (s *Server) Release() { s.begun.Store(true) }

// mostWrite is the most data of a request, in bytes.
const mostWrite = 128 << 10

// buffers are shared by all servers: an idle sandbox holds none.
var buffers = sync.Pool{New: func() any { return new([mostWrite + 4096]byte) }}

// work reads requests and answers each.
func (s *Server) work() {
	conn, err := s.device.SyscallConn()
	if err != nil {
		return
	}
	for {
		buf := buffers.Get().(*[mostWrite + 4096]byte)
		var n int
		var readErr error
		err := conn.Read(func(fd uintptr) bool {
			if buf == nil {
				buf = buffers.Get().(*[mostWrite + 4096]byte)
			}
			n, readErr = unix.Read(int(fd), buf[:])
			if readErr == unix.EAGAIN {
				buffers.Put(buf) // for as long as nothing comes
				buf = nil
				return false
			}
			return true
		})
		switch {
		case err != nil: // closed
		case readErr == unix.EINTR || readErr == unix.ENOENT: // ENOENT: the request was taken back
		case readErr != nil || n < headerSize:
			err = errors.Join(errGone, readErr) // ENODEV: unmounted
		default:
			s.request(buf[:n])
		}
		if buf != nil {
			buffers.Put(buf)
		}
		if err != nil {
			return
		}
	}
}

var errGone = errors.New("the file system is gone")
