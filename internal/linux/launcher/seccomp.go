//go:build linux

package launcher

import (
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// seccomp puts the plan's filter in force (seccomp(2)). With supervised connects seccomp
// returns the listener for the connects, and a netlink socket that lists the listening
// sockets of the sandbox: the filter forbids making the netlink socket later.
func (w *writer) seccomp() (connects [2]tape.Slot) {
	filter, err := filterOf(w.plan.Seccomp)
	if err != nil {
		w.Fail(err)
		return connects
	}
	code, _ := w.Bytes(unsafe.Slice((*byte)(unsafe.Pointer(&filter[0])), len(filter)*int(unsafe.Sizeof(filter[0]))))
	prog, _ := w.Words(uint64(len(filter)), uint64(code)) // struct sock_fprog
	if !w.supervised() {
		w.restrict(refusal.Seccomp).Do("seccomp", 0, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, prog)
		return connects
	}
	flags := unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	if w.plan.Killable {
		flags |= unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	}
	list := w.restrict(refusal.HostSockets).Save("open the kernel's list of sockets", tape.OK, unix.SYS_SOCKET, unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	listener := w.restrict(refusal.Seccomp).Save("seccomp", tape.OK, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, prog)
	return [2]tape.Slot{listener, list}
}

// supervised reports whether connects come to us. Without the filter there is no listener
// to send.
func (w *writer) supervised() bool {
	return w.plan.Supervised && !leftOut(string(refusal.HostSockets)) && !leftOut(string(refusal.Seccomp))
}

// sendListeners sends the listener for connects and its list to us, and behind them the
// sockets for servers by name, if any. It closes all in the command.
func (w *writer) sendListeners(connects [2]tape.Slot, servers []tape.Slot) {
	if !w.supervised() {
		return
	}
	at := w.restrict(refusal.HostSockets)
	slots := append(connects[:], servers...)
	var places []int
	for i, slot := range slots {
		at.Do("put a listener in its place", tape.Want(passFD+i), unix.SYS_DUP3, slot, passFD+i, unix.O_CLOEXEC)
		places = append(places, passFD+i)
	}
	message, _ := w.message(messageListener, unix.UnixRights(places...))
	at.Do("send the listeners", 1, unix.SYS_SENDMSG, syncFD, message, 0)
	for i, slot := range slots {
		at.Do("close", 0, unix.SYS_CLOSE, slot)
		at.Do("close", 0, unix.SYS_CLOSE, places[i])
	}
}

const (
	retAllow = unix.SECCOMP_RET_ALLOW
	retErrno = unix.SECCOMP_RET_ERRNO
	retKill  = unix.SECCOMP_RET_KILL_PROCESS
)

// Offsets in struct seccomp_data; arguments are 64 bits, the low half first on the
// supported processors.
const (
	offsetNr   = 0
	offsetArch = 4
	offsetArgs = 16
)

func load(offset int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(offset)}
}

func loadArg(n int) unix.SockFilter { return load(offsetArgs + 8*n) }

func answer(value uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
}

// jump skips yes instructions if the test holds, otherwise no instructions.
func jump(test uint16, k uint32, yes, no int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | test, Jt: uint8(yes), Jf: uint8(no), K: k}
}

// filters keeps compiled filters: there are few lists of rules, and the lists never
// change.
var filters struct {
	sync.Mutex
	by map[*plan.Rule][]unix.SockFilter // by a list's first rule
}

func filterOf(rules []plan.Rule) ([]unix.SockFilter, error) {
	if len(rules) == 0 {
		return compileFilter(rules)
	}
	filters.Lock()
	defer filters.Unlock()
	if f := filters.by[&rules[0]]; f != nil {
		return f, nil
	}
	f, err := compileFilter(rules)
	if err == nil {
		if filters.by == nil {
			filters.by = map[*plan.Rule][]unix.SockFilter{}
		}
		filters.by[&rules[0]] = f
	}
	return f, err
}

// branch is a compiled rule whose call has a number here.
type branch struct {
	nr   uint32
	body []unix.SockFilter
}

// compileFilter makes the program: calls of another processor end the process, then a
// binary search over the numbers follows. A linear list would cost twice as much to
// install: the kernel runs a new filter once for each number, to learn which numbers are
// always allowed.
func compileFilter(rules []plan.Rule) ([]unix.SockFilter, error) {
	var branches []branch
	for _, r := range rules {
		nr, known := callNumbers[r.Call]
		if !known {
			nr, known = ownNumbers[r.Call]
		}
		if !known && slices.Contains(elsewhere, r.Call) {
			continue
		}
		if !known {
			return nil, fmt.Errorf("the filter names a system call %q that isn't known", r.Call)
		}
		body, err := compileRule(r)
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch{nr, body})
	}
	slices.SortFunc(branches, func(a, b branch) int { return int(a.nr) - int(b.nr) })
	begin := []unix.SockFilter{
		load(offsetArch),
		jump(unix.BPF_JEQ, auditArch, 1, 0),
		answer(retKill),
		load(offsetNr),
		jump(unix.BPF_JGE, lastCall+1, 0, 1),
		answer(retErrno | uint32(unix.ENOSYS)),
	}
	return slices.Concat(begin, search(branches)), nil
}

func search(branches []branch) []unix.SockFilter {
	if len(branches) <= 2 {
		var out []unix.SockFilter
		for _, b := range branches {
			out = append(out, jump(unix.BPF_JEQ, b.nr, 0, len(b.body)))
			out = append(out, b.body...)
		}
		return append(out, answer(retAllow))
	}
	half := len(branches) / 2
	low, high := search(branches[:half]), search(branches[half:])
	// A conditional jump reaches 255 instructions, this jump any distance.
	far := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(low))}
	return slices.Concat([]unix.SockFilter{jump(unix.BPF_JGE, branches[half].nr, 0, 1), far}, low, high)
}

// compileRule returns the instructions for a call, each path with an answer at the end.
func compileRule(r plan.Rule) ([]unix.SockFilter, error) {
	if r.Supervise {
		return []unix.SockFilter{answer(unix.SECCOMP_RET_USER_NOTIF)}, nil
	}
	errno, ok := errnos[r.Errno]
	if !ok {
		return nil, fmt.Errorf("the filter names an errno %q that isn't known", r.Errno)
	}
	deny, allow := answer(retErrno|uint32(errno)), answer(retAllow)
	m := r.Match
	switch {
	case m.AnyBit != 0 && r.AndAnyBit != 0:
		return []unix.SockFilter{loadArg(r.Arg), jump(unix.BPF_JSET, m.AnyBit, 0, 3), loadArg(r.AndArg), jump(unix.BPF_JSET, r.AndAnyBit, 0, 1), deny, allow}, nil
	case m.AnyBit != 0:
		return []unix.SockFilter{loadArg(r.Arg), jump(unix.BPF_JSET, m.AnyBit, 0, 1), deny, allow}, nil
	case len(m.OneOf) > 0:
		out := []unix.SockFilter{loadArg(r.Arg)}
		for i, v := range m.OneOf {
			out = append(out, jump(unix.BPF_JEQ, v, len(m.OneOf)-i, 0))
		}
		return append(out, allow, deny), nil
	case len(m.NotIn) > 0:
		return compileNotIn(r, deny, allow), nil
	}
	return []unix.SockFilter{deny}, nil
}

// compileNotIn allows the listed values, some of the values only with certain values of
// another argument.
func compileNotIn(r plan.Rule, deny, allow unix.SockFilter) []unix.SockFilter {
	out := []unix.SockFilter{loadArg(r.Arg)}
	for _, c := range r.Only {
		body := []unix.SockFilter{loadArg(c.Arg), {Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: c.Mask}}
		for i, v := range c.Values {
			body = append(body, jump(unix.BPF_JEQ, v, len(c.Values)-i, 0))
		}
		body = append(body, deny, allow)
		out = append(append(out, jump(unix.BPF_JEQ, c.If, 0, len(body))), body...)
	}
	n := len(r.Match.NotIn)
	for i, v := range r.Match.NotIn {
		out = append(out, jump(unix.BPF_JEQ, v, n-i, 0))
	}
	return append(out, deny, allow)
}

var errnos = map[string]unix.Errno{
	"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS, "EAFNOSUPPORT": unix.EAFNOSUPPORT, "EACCES": unix.EACCES, "EROFS": unix.EROFS,
}
