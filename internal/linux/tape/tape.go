//go:build linux

// Package tape writes the launch of a process as data: a flat list of system calls with
// the exact result of each, the clone of the new process, and the loop in which the new
// process runs the list. The data of all calls lies in a shared mapping: between clone
// and execve the process touches neither heap nor scheduler of Go.
//
// Package tape knows system calls, not their purpose: the restriction of a call is a
// label. Package tape must never run a call that is not on the tape, go on before the
// command's end after a wrong result, or decide about the meaning of a failure.
package tape

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Want is the required result of a call. Zero and negative values are exact results: 0,
// or -errno.
type Want int32

const (
	OK       Want = 1 << 20 // any result except an error
	Any      Want = 1 << 21 // any result: a trial, judged by the parent
	Positive Want = 1 << 22 // more than 0
	NextPath Want = 1 << 23 // execve: after a missing file the next op is tried
)

// Errno is the Want of a call that must fail with e.
func Errno(e unix.Errno) Want { return -Want(e) }

// The kinds of op.
const (
	kindCall   = iota // a system call
	kindFork          // a call that forks: the child goes on, the parent jumps to op.jump
	kindJump          // go on at op.jump
	kindWatch         // of the first process: wait, pass signals on, end the tree; then the rest, the sweep
	kindEach          // puts the next path of a list into the next op, or goes on at op.jump after the last path
	kindUnless        // in the sweep: a call that skips the next call when the result is 0
)

// op is an entry of the tape. The new process reads the op: an op has no pointers of Go.
type op struct {
	nr   uintptr
	a    [6]uintptr
	want Want
	save uint32 // arena offset of an int32 for the result; 0: none
	jump uint32
	ref  uint8 // bit i: a[i] is the arena offset of an int32 with the value
	kind uint8

	result int64 // what the call returned
}

// The processes of a tape. First is the cloned process; Second is forked by First and
// becomes the command.
const (
	First = iota
	Second
)

// header begins each arena. The parent reads the header while the processes write.
type header struct {
	ops    int32
	at     [2]int32        // index of each process's present op
	fail   [2]int32        // 1 + index of the op that stopped the process
	alarm  [2]int32        // descriptor for reports of a failure; 0: none yet (AlarmSlot)
	second int32           // pid of the second process in the first process's view
	status int32           // raw wait status of the second process
	done   int32           // 1 once status holds
	left   int32           // 1 while the first process has children
	told   int32           // 1 once MessageLeft is sent
	hurry  int32           // 1: no other process may finish
	tree   int32           // a signal for all processes of the tree
	timed  int32           // 1: the time of each call is taken
	drops  int32           // number of entries in drop
	drop   [32]span        // memory that the first process gives back
	given  [maxGiven]int32 // descriptors that the first process was given
	tmp    [4]int32
	poll   [4]int32     // two struct pollfd
	rest   [2]int64     // struct timespec: how long other processes may still take
	buf    [4096]byte   // the watch reads into buf
	path   [32]byte     // "/proc/thread-self/children"
	join   [2]int32     // descriptors of namespaces to enter first (see Join); -1: none
	joined int32        // pid of the process made there
	failed int32        // the errno of the entering
	clone  cloneArgs    // see clone.go
	anew   cloneArgs    // of the process made in the entered namespaces
	_      [0]cloneArgs // keeps the size a multiple of 8
}

const (
	maxOps    = 160 << 10
	arenaSize = 48 << 20 // reserved, not touched: argv and environment may take some megabytes
	opsOff    = (unsafe.Sizeof(header{}) + 63) &^ 63
	timeOff   = opsOff + maxOps*unsafe.Sizeof(op{})
	dataOff   = timeOff + maxOps*unsafe.Sizeof(unix.Timespec{})
)

// usually is the memory that most starts fill, in whole pages.
var usually = [...]span{{0, 40 << 10}, {dataOff &^ (4<<10 - 1), dataOff + 16<<10}}

// unset marks a result that was never written.
const unset = -1 << 40

// Tape is the tape of a launch, written by the parent. A Tape is not safe for concurrent
// use.
type Tape struct {
	mem    []byte
	h      *header
	next   uintptr
	watch  int      // op of the watch
	sweep  uintptr  // where the bytes of the sweep begin
	labels []string // per op: the restriction, "" for plumbing
	names  []string // per op: the purpose
	omit   func(label string) bool
	err    error
}

// New makes an empty tape. omit chooses labels whose calls are not written; omit is nil
// outside tests.
func New(omit func(label string) bool) (*Tape, error) {
	mem, err := syscall.Mmap(-1, 0, arenaSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("map memory for the launch: %w", err)
	}
	if err := unix.Madvise(mem, unix.MADV_DONTFORK); err != nil { // no other process may have the memory
		return nil, errors.Join(fmt.Errorf("keep the memory for the launch to ourselves: %w", err), syscall.Munmap(mem))
	}
	for _, usual := range usually { // now, and not page by page while a start waits
		_ = unix.Madvise(mem[usual.start:usual.end], unix.MADV_POPULATE_WRITE)
	}
	return &Tape{mem: mem, h: (*header)(unsafe.Pointer(&mem[0])), next: dataOff, omit: omit}, nil
}

// Free unmaps the memory. The processes keep their own mapping.
func (t *Tape) Free() error {
	if t.mem == nil {
		return nil
	}
	err := syscall.Munmap(t.mem)
	t.mem, t.h = nil, nil
	return err
}

// Rest frees the memory that only the way to the command's exec needed. The watch and the
// sweep stay for as long as the first process lives. Afterwards only the results of watch
// and sweep, and Status, can be read.
func (t *Tape) Rest() {
	t.labels, t.names = nil, nil
	// The op before the watch shows the place of the process; the process may still be
	// there.
	watch, all := uintptr(max(t.watch-1, 0)), uintptr(t.h.ops)
	at := uintptr(0)
	for _, kept := range []span{
		{0, opsOff},
		{opsOff + watch*unsafe.Sizeof(op{}), opsOff + all*unsafe.Sizeof(op{})},
		{t.sweep, t.next},
		{arenaSize, arenaSize},
	} {
		t.remove(at, kept.start)
		at = kept.end
	}
	_ = unix.Madvise(t.mem, unix.MADV_DONTNEED) // of this process
}

// remove returns the whole pages of a range to the system, for all processes that map the
// range.
func (t *Tape) remove(start, end uintptr) {
	page := uintptr(os.Getpagesize())
	start, end = (start+page-1)&^(page-1), end&^(page-1)
	if start < end {
		_ = unix.Madvise(t.mem[start:end], unix.MADV_REMOVE) // after a failure the pages only take memory
	}
}

// Err is the first mistake in the writing; a tape with an error can't be run.
func (t *Tape) Err() error { return t.err }

// Len is the number of ops.
func (t *Tape) Len() int { return int(t.h.ops) }

// Slot is a place of an int32 in the arena: a result, or a value that an op reads when
// the op runs.
type Slot uint32

// Addr is the address of bytes in the arena.
type Addr uintptr

// Bytes copies b, and a NUL behind it, into the arena.
func (t *Tape) Bytes(b []byte) (Addr, Slot) {
	at := (t.next + 7) &^ 7
	if at+uintptr(len(b))+1 > arenaSize {
		t.Fail(errors.New("the command line and environment are too long"))
		return 0, 0
	}
	copy(t.mem[at:], b)
	t.mem[at+uintptr(len(b))] = 0
	t.next = at + uintptr(len(b)) + 1
	return Addr(uintptr(unsafe.Pointer(&t.mem[at]))), Slot(at)
}

// Words copies machine words: arrays of pointers, kernel structs of u64.
func (t *Tape) Words(w ...uint64) (Addr, Slot) {
	if len(w) == 0 {
		return t.Bytes(nil)
	}
	return t.Bytes(unsafe.Slice((*byte)(unsafe.Pointer(&w[0])), 8*len(w)))
}

// Strings copies ss as a NULL-terminated array for execve.
func (t *Tape) Strings(ss []string) Addr {
	w := make([]uint64, len(ss)+1)
	for i, s := range ss {
		a, _ := t.Bytes([]byte(s))
		w[i] = uint64(a)
	}
	a, _ := t.Words(w...)
	return a
}

// Given is the number of a given descriptor in the first process.
func (t *Tape) Given(i int) Slot { return Slot(unsafe.Offsetof(t.h.given)) + Slot(4*i) }

// Slot makes an empty slot.
func (t *Tape) Slot() Slot {
	_, s := t.Bytes([]byte{255, 255, 255, 255})
	return s
}

// AddrOf is the address of a slot, for a call that writes an int through a pointer.
func (t *Tape) AddrOf(s Slot) Addr { return Addr(uintptr(unsafe.Pointer(&t.mem[s]))) }

// Value reads a slot.
func (t *Tape) Value(s Slot) int32 { return *(*int32)(unsafe.Pointer(&t.mem[s])) }

// Text copies bytes that a call wrote into the arena.
func (t *Tape) Text(s Slot, n int) string { return string(t.mem[s : int(s)+n]) }

// Fail makes the tape unfit to run; the first reason is kept.
func (t *Tape) Fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *Tape) op(i int) *op {
	return (*op)(unsafe.Pointer(&t.mem[opsOff+uintptr(i)*unsafe.Sizeof(op{})]))
}
