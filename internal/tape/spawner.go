//go:build linux

package tape

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Spawner is a process that clones first processes for this one, as its children:
// a fork that has given its heap back, so that a start costs the same however
// large this process grows. One that dies is replaced; no start does without. It
// may be used by several goroutines.
//
// What a process has from its parent, such as limits, groups and the umask, first
// processes have from the spawner: as they were when that was made.
type Spawner struct {
	mu      sync.Mutex
	closed  bool
	process Process // its PID is 0: none
	channel int
	mem     []byte // what it works in, with the pages that it had when it was made
}

// NewSpawner makes a spawner. Where that fails, Clone tries again, and tells.
func NewSpawner() *Spawner {
	s := &Spawner{}
	_ = s.start()
	return s
}

// patience is how long the spawner may take, which does little.
const patience = 10 * time.Second

func (s *Spawner) start() error {
	mem, err := syscall.Mmap(-1, 0, int(unsafe.Sizeof(spawnerState{})), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return fmt.Errorf("map memory for the spawner: %w", err)
	}
	s.mem = mem // as long as it lives, so that no arena takes the place
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return errors.Join(os.NewSyscallError("socketpair", err), syscall.Munmap(mem))
	}
	defer unix.Close(pair[1])
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A thread has the user's session keyring only from the first look at it on.
	_, _ = unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false) // there may be no keyrings here
	limit := unix.NsecToTimeval(int64(patience))
	if err = unix.SetsockoptTimeval(pair[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err == nil {
		s.process, err = forkSpawner(mem, pair[1])
	}
	if err != nil {
		unix.Close(pair[0])
		return errors.Join(err, syscall.Munmap(mem))
	}
	s.channel = pair[0]
	return nil
}

// Close ends the spawner, and not the processes that it made.
func (s *Spawner) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.end()
}

func (s *Spawner) end() error {
	if s.process.PID == 0 {
		return nil
	}
	process := s.process
	s.process = Process{}
	unix.Close(s.channel)
	defer unix.Close(process.Pidfd)
	defer syscall.Munmap(s.mem)
	_ = unix.PidfdSendSignal(process.Pidfd, unix.SIGKILL, nil, 0) // one that has ended is as good
	for {
		_, err := unix.Wait4(process.PID, nil, unix.WALL, nil)
		switch err {
		case unix.EINTR:
		case unix.ECHILD: // the program reaps whatever ends
			return nil
		default:
			return os.NewSyscallError("wait4", err)
		}
	}
}

// errGone says that the spawner does not answer.
var errGone = errors.New("the spawner does not answer")

// Clone has a first process made with the namespaces in flags (CLONE_NEW*); it
// begins with the tape at once. The descriptors are given to it: the tape finds
// their numbers in the slots of Given.
func (s *Spawner) Clone(t *Tape, flags uint64, given [maxGiven]int) (Process, error) {
	if t.err != nil {
		return Process{}, t.err
	}
	// No exit signal: with CLONE_PARENT it is the spawner's.
	t.h.clone = cloneArgs{flags: flags | unix.CLONE_CLEAR_SIGHAND | unix.CLONE_PARENT}
	copy(t.h.path[:], childrenPath)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Process{}, fmt.Errorf("the spawner: %w", os.ErrClosed)
	}
	pid, err := s.ask(t, given)
	if errors.Is(err, errGone) {
		if err := s.end(); err != nil {
			return Process{}, err
		}
		if err := s.start(); err != nil { // the next call tries again
			return Process{}, err
		}
		pid, err = s.ask(t, given)
	}
	if err != nil {
		return Process{}, err
	}
	unix.Close(t.fd) // the mappings hold the memory
	t.fd = -1
	return newProcess(pid)
}

func newProcess(pid int) (Process, error) {
	pidfd, err := unix.PidfdOpen(pid, 0) // our child, not reaped yet: the number is its own
	if err != nil {
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = unix.Wait4(pid, nil, unix.WALL, nil)
		return Process{}, os.NewSyscallError("pidfd_open", err)
	}
	return Process{PID: pid, Pidfd: pidfd}, nil
}

// ask sends one request and waits for the answer.
func (s *Spawner) ask(t *Tape, given [maxGiven]int) (pid int, err error) {
	if s.process.PID == 0 {
		return 0, errGone
	}
	r := request{at: uintptr(unsafe.Pointer(&t.mem[0])), size: uintptr(len(t.mem))}
	text := unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r))
	err = unix.Sendmsg(s.channel, text, unix.UnixRights(t.fd, given[0], given[1], given[2]), nil, unix.MSG_NOSIGNAL)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errGone, os.NewSyscallError("sendmsg", err))
	}
	var answer [8]byte
	n, err := unix.Read(s.channel, answer[:])
	for err == unix.EINTR {
		n, err = unix.Read(s.channel, answer[:])
	}
	if err != nil || n != len(answer) {
		return 0, fmt.Errorf("%w: %w", errGone, os.NewSyscallError("read", err))
	}
	if r := int64(binary.NativeEndian.Uint64(answer[:])); r < 0 {
		return 0, os.NewSyscallError("clone3", syscall.Errno(-r))
	} else {
		return int(r), nil
	}
}

// heapSpans finds the heap among the mappings of a process (proc_pid_maps(5)):
// the one that holds a, and those without a gap to it.
func heapSpans(maps string, a uintptr) (out []span) {
	found := false
	for line := range strings.Lines(maps) {
		m, anonymous := parseMapping(line)
		if !anonymous || len(out) > 0 && out[len(out)-1].end != m.start {
			if found {
				return out
			}
			out = out[:0]
		}
		if anonymous {
			out = append(out, m)
			found = found || m.start <= a && a < m.end
		}
	}
	if !found {
		return nil
	}
	return out
}

// parseMapping reads one line of maps, and tells whether it is memory of no file's.
func parseMapping(line string) (m span, anonymous bool) {
	where, rest, _ := strings.Cut(line, " ")
	mode, rest, _ := strings.Cut(rest, " ")
	_, rest, _ = strings.Cut(rest, " ") // the offset
	_, rest, _ = strings.Cut(rest, " ") // the device
	inode, _, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
	from, to, _ := strings.Cut(where, "-")
	start, err := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	return span{uintptr(start), uintptr(end)}, err == nil && err2 == nil && inode == "0" && (mode == "rw-p" || mode == "---p")
}
