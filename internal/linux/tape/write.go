//go:build linux

package tape

import (
	"fmt"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Writer adds the ops of a restriction.
type Writer struct {
	t     *Tape
	label string
	out   bool // the label is left out
}

// Op is the place of an op on the tape; None for an omitted op.
type Op int

// None is no op.
const None Op = -1

// For returns the writer for the ops of a restriction; the empty label is for plumbing,
// which can't be omitted.
func (t *Tape) For(label string) Writer {
	return Writer{t: t, label: label, out: label != "" && t.omit != nil && t.omit(label)}
}

// Do adds a system call. Arguments are int, uintptr, uint64, Addr, string (a copy with a
// NUL behind) or Slot (the value at the time of the call).
func (w Writer) Do(name string, want Want, nr uintptr, args ...any) Op {
	return w.add(name, op{nr: nr, want: want}, args)
}

// Save adds a system call, and returns the slot that will hold the result.
func (w Writer) Save(name string, want Want, nr uintptr, args ...any) Slot {
	s := w.t.Slot()
	w.Into(s, name, want, nr, args...)
	return s
}

// Into is Save with an existing slot.
func (w Writer) Into(s Slot, name string, want Want, nr uintptr, args ...any) Op {
	return w.add(name, op{nr: nr, want: want, save: uint32(s)}, args)
}

// Fork adds the fork of the second process, which goes on with the next op. The first
// process goes on where Resume is called.
func (w Writer) Fork() Op {
	return w.add("fork", op{kind: kindFork, nr: unix.SYS_CLONE, want: OK}, []any{int(unix.SIGCHLD), 0, 0, 0, 0})
}

// ForkInto is Fork into the cgroup that is open as fd in the first process.
func (w Writer) ForkInto(fd int) Op {
	args := cloneArgs{flags: unix.CLONE_INTO_CGROUP, exitSignal: uint64(unix.SIGCHLD), cgroup: uint64(fd)}
	at, _ := w.t.Bytes(unsafe.Slice((*byte)(unsafe.Pointer(&args)), unsafe.Sizeof(args)))
	return w.add("fork into a cgroup", op{kind: kindFork, nr: unix.SYS_CLONE3, want: OK}, []any{at, int(unsafe.Sizeof(args))})
}

// Jump adds a jump to the place of Resume. No process may reach the jump without a
// Resume.
func (w Writer) Jump() Op { return w.add("jump", op{kind: kindJump, want: OK}, nil) }

// Resume marks the place of the next op: the first process goes on there after a fork,
// and any process after a jump.
func (t *Tape) Resume(from Op) {
	if from >= 0 {
		t.op(int(from)).jump = uint32(t.h.ops)
	}
}

// Each adds ops that run for each path of a list: body writes the ops. The first op takes
// the path as the second argument, in place of the written argument.
func (w Writer) Each(name string, paths []string, body func()) {
	if w.out || len(paths) == 0 {
		return
	}
	list := make([]byte, 0, 64*len(paths))
	for _, p := range paths {
		if p == "" || strings.IndexByte(p, 0) >= 0 {
			w.t.Fail(fmt.Errorf("%q is no path", p))
			return
		}
		list = append(append(list, p...), 0)
	}
	_, at := w.t.Bytes(list)
	each := w.add(name, op{kind: kindEach, want: Any, a: [6]uintptr{uintptr(at)}}, nil)
	body()
	again := w.add("the next of "+name, op{kind: kindJump, want: OK}, nil)
	if again != None {
		w.t.op(int(again)).jump = uint32(each)
		w.t.Resume(each)
	}
}

// Unless adds a call to the sweep that skips the next call when the result is 0.
func (w Writer) Unless(name string, nr uintptr, args ...any) Op {
	return w.add(name, op{kind: kindUnless, nr: nr, want: Any}, args)
}

// Watch adds the wait of the first process. Ops behind the watch are the sweep: calls
// that run when no process of the tree is left, whatever their results, and however the
// parent ended. life is the channel to the parent and signals a signalfd for SIGCHLD. A
// byte on life is a signal for the second process's group. The end of life, or of the
// second process, ends the tree.
func (w Writer) Watch(life, signals int) Op {
	w.t.watch, w.t.sweep = w.t.Len(), w.t.next
	return w.add("watch", op{kind: kindWatch, want: OK}, []any{life, signals})
}

// AlarmSlot takes the descriptor for reports of a failure. Without a descriptor in the
// slot, a process that fails just ends.
func (t *Tape) AlarmSlot(process int) Slot {
	return Slot(unsafe.Offsetof(t.h.alarm)) + Slot(4*process)
}

func (w Writer) add(name string, o op, args []any) Op {
	if w.out {
		return None
	}
	t := w.t
	i := int(t.h.ops)
	if i >= maxOps {
		t.Fail(fmt.Errorf("more than %d system calls", maxOps))
		return None
	}
	for n, arg := range args {
		switch v := arg.(type) {
		case int:
			o.a[n] = uintptr(v)
		case uintptr:
			o.a[n] = v
		case uint64:
			o.a[n] = uintptr(v)
		case Addr:
			o.a[n] = uintptr(v)
		case string:
			a, _ := t.Bytes([]byte(v))
			o.a[n] = uintptr(a)
		case Slot:
			o.a[n] = uintptr(v)
			o.ref |= 1 << n
		default:
			t.Fail(fmt.Errorf("%s: argument %d has type %T", name, n, arg))
		}
	}
	o.result = unset
	*t.op(i) = o
	t.labels = append(t.labels, w.label)
	t.names = append(t.names, name)
	t.h.ops++
	return Op(i)
}

// Result returns the result of an op: the kernel's value, or -errno. ok is false if the
// op has not run or was omitted.
func (t *Tape) Result(o Op) (r int64, ok bool) {
	if o < 0 {
		return 0, false
	}
	r = t.op(int(o)).result
	return r, r != unset
}

// TakeTimes makes the processes take the time after each call: about as long as another
// call. TakeTimes is for people who want to know the cost of a start.
func (t *Tape) TakeTimes() { t.h.timed = 1 }

// Returned is when an op's call returned, in nanoseconds of CLOCK_MONOTONIC
// (clock_gettime(2)); ok is false if the call has not returned, or without TakeTimes. The
// time of a fork is the return in the first process.
func (t *Tape) Returned(o Op) (at int64, ok bool) {
	if o < 0 {
		return 0, false
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&t.mem[timeOff+uintptr(o)*unsafe.Sizeof(unix.Timespec{})]))
	return ts.Nano(), ts.Sec != 0 || ts.Nsec != 0
}

// Failure is an op with a wrong result.
type Failure struct {
	Op    Op
	Label string // the restriction of the op
	Name  string // the purpose of the op
	Got   int64
	Want  Want
}

// Error returns the purpose of the op, with the result and the wanted result.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %s, wanted %s", f.Name, outcome(f.Got), wanted(f.Want))
}

// Unwrap returns the errno, nil if the result is no error.
func (f *Failure) Unwrap() error {
	if f.Got < 0 && f.Got > -4096 {
		return syscall.Errno(-f.Got)
	}
	return nil
}

// Failed returns the op at which a process stopped, nil for none.
func (t *Tape) Failed(process int) *Failure {
	n := t.h.fail[process]
	if n == 0 {
		return nil
	}
	return t.failure(int(n) - 1)
}

// At names the present op of a process.
func (t *Tape) At(process int) string {
	if i := int(t.h.at[process]); i < len(t.names) {
		return t.names[i]
	}
	return "end"
}

// Settled reports whether each op with this label has run.
func (t *Tape) Settled(label string) bool {
	for i, l := range t.labels {
		if l == label && t.op(i).result == unset {
			return false
		}
	}
	return true
}

// Line is an op, for people to read.
type Line struct{ Label, Name string }

// Lines lists the ops in the order of writing.
func (t *Tape) Lines() []Line {
	out := make([]Line, len(t.names))
	for i := range out {
		out[i] = Line{t.labels[i], t.names[i]}
	}
	return out
}

// Labels lists the restrictions with ops, in the order of their first op.
func (t *Tape) Labels() []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, l := range t.labels {
		if !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}

func (t *Tape) failure(i int) *Failure {
	return &Failure{Op: Op(i), Label: t.labels[i], Name: t.names[i], Got: t.op(i).result, Want: t.op(i).want}
}

func outcome(r int64) string {
	switch {
	case r == unset:
		return "not run"
	case r < 0 && r > -4096:
		return syscall.Errno(-r).Error()
	case r == 0:
		return "success"
	}
	return fmt.Sprintf("success (%d)", r)
}

func wanted(w Want) string {
	if w == OK || w == Positive || w == Any || w == NextPath {
		return "success"
	}
	return outcome(int64(w))
}
