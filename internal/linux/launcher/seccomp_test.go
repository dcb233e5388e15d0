//go:build linux

package launcher

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/policy"
)

// call is a system call as the filter sees the call.
type call struct {
	arch, nr uint32
	args     [6]uint64
}

// word returns the 32 bits at an offset of struct seccomp_data.
func (c call) word(offset uint32) uint32 {
	switch {
	case offset == offsetNr:
		return c.nr
	case offset == offsetArch:
		return c.arch
	}
	arg := c.args[(offset-offsetArgs)/8]
	if (offset-offsetArgs)%8 == 4 {
		arg >>= 32
	}
	return uint32(arg)
}

// filter runs a program as the kernel does, for the instructions in use.
func filter(t *testing.T, prog []unix.SockFilter, c call) uint32 {
	t.Helper()
	var a uint32
	for pc := 0; pc < len(prog); pc++ {
		ins := prog[pc]
		skip := func(yes bool) {
			if yes {
				pc += int(ins.Jt)
			} else {
				pc += int(ins.Jf)
			}
		}
		switch ins.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = c.word(ins.K)
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			a &= ins.K
		case unix.BPF_RET | unix.BPF_K:
			return ins.K
		case unix.BPF_JMP | unix.BPF_JA:
			pc += int(ins.K)
		case unix.BPF_JMP | unix.BPF_K | unix.BPF_JEQ:
			skip(a == ins.K)
		case unix.BPF_JMP | unix.BPF_K | unix.BPF_JGE:
			skip(a >= ins.K)
		case unix.BPF_JMP | unix.BPF_K | unix.BPF_JSET:
			skip(a&ins.K != 0)
		default:
			t.Fatalf("instruction %d has code %#x", pc, ins.Code)
		}
	}
	t.Fatal("the program runs off its end")
	return 0
}

func thePlan(t *testing.T) *plan.Plan {
	t.Helper()
	p, err := plan.Compile(policy.Policy{Mode: policy.ModeReadOnly, Workspace: "/w", Home: "/h"},
		host.Facts{OS: "linux", Arch: "amd64", Kernel: host.Kernel{LandlockABI: 7}}, "/h/private/1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFilter(t *testing.T) {
	p := thePlan(t)
	prog, err := compileFilter(p.Seccomp)
	if err != nil {
		t.Fatal(err)
	}
	const any = ^uint64(0)
	eperm, enosys, noFamily := uint32(retErrno|unix.EPERM), uint32(retErrno|unix.ENOSYS), uint32(retErrno|unix.EAFNOSUPPORT)
	for name, c := range map[string]struct {
		nr   uint32
		args [6]uint64
		want uint32
	}{
		"read":                      {unix.SYS_READ, [6]uint64{}, retAllow},
		"execve":                    {unix.SYS_EXECVE, [6]uint64{}, retAllow},
		"a number of the future":    {lastCall + 1, [6]uint64{}, enosys},
		"clone3":                    {unix.SYS_CLONE3, [6]uint64{}, enosys},
		"fork":                      {unix.SYS_CLONE, [6]uint64{uint64(unix.SIGCHLD)}, retAllow},
		"a thread":                  {unix.SYS_CLONE, [6]uint64{unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM | unix.CLONE_SETTLS}, retAllow},
		"clone of a user namespace": {unix.SYS_CLONE, [6]uint64{unix.CLONE_NEWUSER | uint64(unix.SIGCHLD)}, eperm},
		"clone of a network":        {unix.SYS_CLONE, [6]uint64{unix.CLONE_NEWNET}, eperm},
		"clone of mounts":           {unix.SYS_CLONE, [6]uint64{unix.CLONE_NEWNS}, eperm},
		"ioctl TCGETS":              {unix.SYS_IOCTL, [6]uint64{0, unix.TCGETS}, retAllow},
		"ioctl TIOCSTI":             {unix.SYS_IOCTL, [6]uint64{0, unix.TIOCSTI}, eperm},
		"TIOCSTI with high bits":    {unix.SYS_IOCTL, [6]uint64{0, unix.TIOCSTI | 1<<40}, eperm}, // the kernel looks at 32 bits
		"fcntl F_GETFL":             {unix.SYS_FCNTL, [6]uint64{0, unix.F_GETFL}, retAllow},
		"fcntl F_SETLEASE":          {unix.SYS_FCNTL, [6]uint64{0, unix.F_SETLEASE, unix.F_WRLCK}, uint32(retErrno | unix.EACCES)},
		"fcntl F_NOTIFY":            {unix.SYS_FCNTL, [6]uint64{0, unix.F_NOTIFY, 1}, uint32(retErrno | unix.EACCES)},
		"fcntl F_SETPIPE_SZ":        {unix.SYS_FCNTL, [6]uint64{0, unix.F_SETPIPE_SZ, 1 << 20}, retAllow},
		"ioctl TIOCLINUX":           {unix.SYS_IOCTL, [6]uint64{0, 0x541c}, eperm},
		"socket inet":               {unix.SYS_SOCKET, [6]uint64{unix.AF_INET, unix.SOCK_STREAM}, retAllow},
		"socket inet6":              {unix.SYS_SOCKET, [6]uint64{unix.AF_INET6, unix.SOCK_DGRAM}, retAllow},
		"socket unix":               {unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM | unix.SOCK_CLOEXEC}, retAllow},
		"socket unix seqpacket":     {unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX, unix.SOCK_SEQPACKET | unix.SOCK_NONBLOCK}, retAllow},
		"socket unix datagram":      {unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, noFamily},
		"socket unix raw":           {unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX, unix.SOCK_RAW}, noFamily}, // the kernel makes a datagram socket
		"pair of datagrams":         {unix.SYS_SOCKETPAIR, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, noFamily},
		"datagrams of inet":         {unix.SYS_SOCKET, [6]uint64{unix.AF_INET, unix.SOCK_DGRAM}, retAllow},
		"connect":                   {unix.SYS_CONNECT, [6]uint64{}, unix.SECCOMP_RET_USER_NOTIF},
		"socket netlink route":      {unix.SYS_SOCKET, [6]uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, retAllow},
		"socket netlink audit":      {unix.SYS_SOCKET, [6]uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT}, noFamily},
		"socket packet":             {unix.SYS_SOCKET, [6]uint64{unix.AF_PACKET, unix.SOCK_RAW}, noFamily},
		"socket vsock":              {unix.SYS_SOCKET, [6]uint64{unix.AF_VSOCK}, noFamily},
		"socket alg":                {unix.SYS_SOCKET, [6]uint64{unix.AF_ALG}, noFamily},
		"socket of no family":       {unix.SYS_SOCKET, [6]uint64{any}, noFamily},
		"socketpair unix":           {unix.SYS_SOCKETPAIR, [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM}, retAllow},
		"chmod":                     {unix.SYS_FCHMODAT, [6]uint64{0, 0, 0o2755}, retAllow},
		"chmod setuid":              {unix.SYS_FCHMODAT, [6]uint64{0, 0, 0o4755}, eperm},
		"open":                      {unix.SYS_OPENAT, [6]uint64{0, 0, 0, any}, retAllow}, // an open without O_CREAT ignores the mode
		"open a new setuid file":    {unix.SYS_OPENAT, [6]uint64{0, 0, unix.O_CREAT | unix.O_WRONLY, 0o4755}, eperm},
		"open a new file":           {unix.SYS_OPENAT, [6]uint64{0, 0, unix.O_CREAT | unix.O_WRONLY, 0o755}, retAllow},
		"open a folder":             {unix.SYS_OPENAT, [6]uint64{0, 0, unix.O_DIRECTORY, any}, retAllow},
		"openat2":                   {unix.SYS_OPENAT2, [6]uint64{}, enosys},
		"socketpair tipc":           {unix.SYS_SOCKETPAIR, [6]uint64{unix.AF_TIPC}, noFamily},
	} {
		got := filter(t, prog, call{auditArch, c.nr, c.args})
		if got != c.want {
			t.Errorf("%s: %#x, want %#x", name, got, c.want)
		}
	}
	for _, r := range p.Seccomp {
		if r.Supervise || r.Match.AnyBit != 0 || len(r.Match.OneOf)+len(r.Match.NotIn) > 0 {
			continue
		}
		want := uint32(retErrno) | uint32(errnos[r.Errno])
		if got := filter(t, prog, call{auditArch, callNumbers[r.Call], [6]uint64{any, any, any, any, any, any}}); got != want {
			t.Errorf("%s: %#x, want %#x", r.Call, got, want)
		}
	}
	if got := filter(t, prog, call{0x40000003, 20, [6]uint64{}}); got != retKill { // i386 getpid
		t.Errorf("a call of another processor: %#x", got)
	}
	if auditArch == 0xc000003e {
		if got := filter(t, prog, call{auditArch, 0x40000000 | unix.SYS_MOUNT, [6]uint64{}}); got != enosys {
			t.Errorf("a call with an x32 number: %#x", got)
		}
	}
}

// TestFilterIsASearch checks that each number without a rule is allowed, whatever the
// numbers beside it.
func TestFilterIsASearch(t *testing.T) {
	p := thePlan(t)
	prog, err := compileFilter(p.Seccomp)
	if err != nil {
		t.Fatal(err)
	}
	ruled := map[uint32]bool{}
	for _, r := range p.Seccomp {
		ruled[callNumbers[r.Call]], ruled[ownNumbers[r.Call]] = true, true
	}
	delete(ruled, 0) // read, and calls without a number
	for nr := range uint32(lastCall + 1) {
		got := filter(t, prog, call{auditArch, nr, [6]uint64{}})
		if !ruled[nr] && got != retAllow {
			t.Errorf("call %d without a rule: %#x", nr, got)
		}
	}
}

func TestUnknownWordsInAFilter(t *testing.T) {
	for _, r := range []plan.Rule{{Call: "no_such_call", Errno: "EPERM"}, {Call: "mount", Errno: "ENOSUCH"}, {}} {
		if _, err := compileFilter([]plan.Rule{r}); err == nil {
			t.Errorf("a filter was made of %+v", r)
		}
	}
}
