//go:build linux

package main

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inMachine runs the program in a mount namespace of its own. A script makes the
// namespace another machine. Users other than root need a user namespace too.
func (p *place) inMachine(script string, args ...string) result {
	p.Helper()
	flags := "-m"
	if !root() {
		flags = "-Um"
	}
	if p.way != "" && len(args) > 0 && args[0] == "run" {
		args = slices.Insert(slices.Clone(args), 1, p.way)
	}
	cmd := p.command("unshare", append([]string{flags, "--map-current-user", "--keep-caps", "sh", "-ec", script + "\nexec \"$0\" \"$@\"", program}, args...)...)
	if root() {
		cmd.Args = slices.DeleteFunc(cmd.Args, func(a string) bool { return a == "--map-current-user" || a == "--keep-caps" })
	}
	return p.do(cmd)
}

// masked masks parts of /proc as container runtimes do.
const masked = "mount --bind /dev/null /proc/timer_list; mount -t tmpfs -o ro none /proc/acpi"

// TestMaskedProc checks that the view shows the container's own /proc, read-only, that
// the record says so, and that the rest is unchanged.
func TestMaskedProc(t *testing.T) {
	if out, err := exec.Command("unshare", "-Um", "true").CombinedOutput(); err != nil {
		t.Skipf("no namespaces for the machine: %s", out)
	}
	bothWays(t, func(t *testing.T, p *place) {
		mkdir(t, p.ws+"/.git")
		script := `echo in > in; cat < /dev/fd/0 < in; ls /proc/self/exe >/dev/null && echo self; (echo 1 > /proc/self/oom_score_adj) 2>/dev/null && echo wrote; (echo x > .git/x) 2>/dev/null && echo hook; cat /proc/1/environ /proc/1/root/etc/passwd 2>/dev/null; echo x > ../out; true`
		r := p.inMachine(masked, "run", "--", "sh", "-c", script)
		if r.stdout != "in\nself\n" || r.code != 0 || exists(p.dir+"/out") || exists(p.ws+"/.git/x") {
			t.Errorf("%+v", r)
		}
		if l := p.logLines()[0]; l.Event != "start" || l.Rung != "shared proc" || len(l.Proven) < 20 {
			t.Errorf("%+v", l)
		}
		p.verify()
	})
	p := newPlace(t)
	if r := p.inMachine(masked, "doctor"); !strings.Contains(r.stdout, "systempaths=unconfined") {
		t.Errorf("%+v", r)
	}
}

// machines are filters in front of lockstile, like the filters of container runtimes:
// calls and their answers.
var machines = map[string][]denied{
	"no user namespaces": {{unix.SYS_CLONE3, unix.ENOSYS, 0}, {unix.SYS_CLONE, unix.EPERM, 0x7e020000}, {unix.SYS_UNSHARE, unix.EPERM, 0}},
	// The answers of docker's own profile for a container without CAP_SYS_ADMIN.
	"docker": {{unix.SYS_CLONE3, unix.ENOSYS, 0}, {unix.SYS_CLONE, unix.EPERM, 0x7e020000}, {unix.SYS_UNSHARE, unix.EPERM, 0}, {unix.SYS_MOUNT, unix.EPERM, 0},
		{unix.SYS_SETNS, unix.EPERM, 0}, {unix.SYS_OPEN_TREE, unix.EPERM, 0}, {unix.SYS_MOVE_MOUNT, unix.EPERM, 0}, {unix.SYS_BPF, unix.EPERM, 0},
		{unix.SYS_KEYCTL, unix.EPERM, 0}, {unix.SYS_ADD_KEY, unix.EPERM, 0}, {unix.SYS_PERF_EVENT_OPEN, unix.EPERM, 0}},
	"no clone3":            {{unix.SYS_CLONE3, unix.ENOSYS, 0}},
	listener:               {},
	"no Landlock":          {{unix.SYS_LANDLOCK_CREATE_RULESET, unix.EOPNOTSUPP, 0}},
	"no unprivileged caps": {{unix.SYS_MOUNT, unix.EPERM, 0}, {unix.SYS_UNSHARE, unix.EPERM, 0}},
}

// denied is a call, its answer, and the bits of its first argument that select the
// answer; 0 for any.
type denied struct {
	nr    uint32
	errno unix.Errno
	bits  uint32
}

// listener is a machine with another program listening to calls.
const listener = "a listener"

const machineVariable = "LOCKSTILE_TEST_MACHINE"

// becomeMachine puts the filter in force and runs the rest of the command line.
func becomeMachine(name string) error {
	stmt := func(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }
	var prog []unix.SockFilter
	for _, d := range machines[name] {
		prog = append(prog, stmt(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 0))
		skip := uint8(1)
		if d.bits != 0 {
			skip = 3
		}
		prog = append(prog, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: skip, K: d.nr})
		if d.bits != 0 {
			prog = append(prog, stmt(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 16), unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jf: 1, K: d.bits})
		}
		prog = append(prog, stmt(unix.BPF_RET|unix.BPF_K, unix.SECCOMP_RET_ERRNO|uint32(d.errno)))
	}
	prog = append(prog, stmt(unix.BPF_RET|unix.BPF_K, unix.SECCOMP_RET_ALLOW))
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	flags := 0
	if name == listener {
		flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(flags), uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return errno
	}
	if name == listener { // started programs keep the listener, as a container manager beside them would
		if _, err := unix.FcntlInt(fd, unix.F_DUPFD, 100); err != nil {
			return err
		}
	}
	os.Unsetenv(machineVariable)
	return unix.Exec(os.Args[1], os.Args[1:], os.Environ())
}

// on runs the program on a machine.
func (p *place) on(machine string, args ...string) result {
	p.Helper()
	if p.way != "" && len(args) > 0 && args[0] == "run" {
		args = slices.Insert(slices.Clone(args), 1, p.way)
	}
	self, err := os.Executable()
	if err != nil {
		p.Fatal(err)
	}
	cmd := p.command(self, append([]string{program}, args...)...)
	cmd.Env = append(cmd.Env, machineVariable+"="+machine)
	return p.do(cmd)
}

// TestNoUserNamespaces checks that Landlock and the filter hold read-only, and that
// requests beyond read-only are refused with the mend.
func TestNoUserNamespaces(t *testing.T) {
	for machine, rowsBy := range map[string]string{"no user namespaces": "--tty", "docker": "--tty=false", "no unprivileged caps": ""} {
		t.Run(machine, func(t *testing.T) {
			t.Parallel()
			for _, way := range ioFlags {
				w := newWorld(t)
				w.way = way
				r := w.on(machine, "run", "--", "true")
				if r.code != 126 || !strings.Contains(r.stderr, "user namespaces, and without them only read-only") || !mendsFilter(r.stderr) {
					t.Errorf("%+v", r)
				}
				for _, c := range hostile {
					if way != rowsBy {
						break
					}
					if c.needs != nil && !c.needs() || strings.HasPrefix(c.id, "F-17") || strings.HasPrefix(c.id, "E-09") || strings.HasPrefix(c.id, "K-10") || c.id == "G-12 again and again" {
						continue
					}
					if r := w.on(machine, "run", "--sandbox", "read-only", "--", "bash", "-c", c.script); strings.Contains(r.stderr, "refused at") || c.effect(w, r.stdout) {
						t.Errorf("%s %s: %+v", way, c.id, r)
					}
				}
				works := `cat tracked && ls . >/dev/null && git log --oneline 2>/dev/null | grep -q first && python3 -c 'import threading,subprocess; subprocess.run(["true"],check=True); t=threading.Thread(target=lambda:0); t.start(); t.join()' && echo x | cat >/dev/null && echo done-well`
				if r := w.on(machine, "run", "--sandbox", "read-only", "--", "bash", "-c", works); !strings.Contains(r.stdout, "done-well") {
					t.Errorf("%s: %+v", way, r)
				}
				if l := w.lastStart(); l.Rung != "landlock only" {
					t.Errorf("%+v", l)
				}
				w.verify()
			}
		})
	}
}

// mendsFilter reports whether the hint mends a machine with a filter in front, as the
// machines of these tests: in a container the engine's line, elsewhere a start elsewhere.
func mendsFilter(text string) bool {
	_, hint, _ := strings.Cut(text, "hint: ")
	return strings.Contains(hint, "seccomp=lockstile.json") || strings.Contains(hint, "localhostProfile: lockstile.json") || strings.Contains(hint, "outside of the program whose seccomp filter")
}

// lastStart is the last start line of the log.
func (p *place) lastStart() line {
	p.Helper()
	all := p.logLines()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Event == "start" {
			return all[i]
		}
	}
	return line{}
}

// TestOtherMachines checks that without clone3 a start is full, and that without Landlock
// no confined command starts.
func TestOtherMachines(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		if r := p.on("no clone3", "run", "--", "sh", "-c", "echo x > in && cat in"); r.stdout != "x\n" || r.code != 0 {
			t.Errorf("%+v", r)
		}
		if l := p.lastStart(); l.Rung != "full" {
			t.Errorf("%+v", l)
		}
		for _, mode := range []string{"read-only", "workspace-write"} {
			if r := p.on("no Landlock", "run", "--sandbox", mode, "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "Landlock") || !strings.Contains(r.stderr, "lsm=") {
				t.Errorf("%+v", r)
			}
		}
		if r := p.on(listener, "run", "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "another program listens") {
			t.Errorf("%+v", r)
		}
		if r := p.on(listener, "run", "-c", "sandbox_workspace_write.network_access=true", "--", "true"); r.code != 0 {
			t.Errorf("%+v", r)
		}
		if r := p.on("no Landlock", "run", "--sandbox", "danger-full-access", "--", "true"); r.code != 0 {
			t.Errorf("%+v", r)
		}
		p.verify()
	}
}

// TestEachRestrictionIsMissedThere leaves out each restriction on a machine where only
// Landlock and the filter confine: each start must be refused.
func TestEachRestrictionIsMissedThere(t *testing.T) {
	for _, mode := range []string{"read-only", "workspace-write"} {
		for _, io := range []string{"pipes", "terminal"} {
			proven := provenThere(newPlace(t), mode, io)
			if len(proven) < 12 || (io == "terminal") != slices.Contains(proven, "terminal") || (mode == "workspace-write") != (mounts(proven) == 2) {
				t.Fatalf("%s: %q", mode, proven)
			}
			for i, restriction := range proven {
				if strings.HasPrefix(restriction, "none: ") || restriction == "identity" || restriction == "no_new_privs" { // the machine's filter also needs no_new_privs
					continue
				}
				if restriction == "capabilities" && !root() {
					continue // a user has no capabilities to take
				}
				t.Run(mode+" "+io+"/"+strings.ReplaceAll(restriction, "/", "|"), func(t *testing.T) {
					t.Parallel()
					p := newPlace(t)
					mine := restriction
					if strings.HasPrefix(restriction, "mount ") { // the paths belong to the place
						mine = provenThere(p, mode, io)[i]
					}
					if got := p.refusedAs(p.leaveOutThere(mode, io, mine)); got.Restriction != mine {
						t.Errorf("named %q (%s), want %q", got.Restriction, got.Reason, mine)
					}
				})
			}
		}
	}
}

// provenThere lists the proven restrictions of a start without namespaces.
func provenThere(p *place, mode, io string) []string {
	p.Helper()
	p.config(boundary)
	if r := p.on(withoutAny, "run", "--sandbox", mode, "--tty="+strconv.FormatBool(io == "terminal"), "--", "true"); r.code != 0 {
		p.Fatalf("%+v", r)
	}
	return p.lastStart().Proven
}

func mounts(restrictions []string) (n int) {
	for _, r := range restrictions {
		if strings.HasPrefix(r, "mount ") {
			n++
		}
	}
	return n
}

// leaveOutThere is leaveOut on the machine without namespaces. The machine's filter comes
// after unshare; unshare guards the test's machine.
func (p *place) leaveOutThere(mode, io, restriction string) *exec.Cmd {
	p.Helper()
	p.config(boundary)
	cmd := p.leaveOut(mode, io, "LOCKSTILE_LEAVE_OUT="+restriction)
	self, err := os.Executable()
	if err != nil {
		p.Fatal(err)
	}
	at := slices.Index(cmd.Args, leaveOutProgram)
	cmd.Args = slices.Insert(slices.Clone(cmd.Args), at, self)
	if at == 0 {
		cmd.Path = self
	}
	cmd.Env = append(cmd.Env, machineVariable+"="+withoutAny, "LOCKSTILE_LEARNS=1")
	return cmd
}

// TestOlderLandlock checks that with each older version the other layers hold the rest,
// and that the start is full.
func TestOlderLandlock(t *testing.T) {
	for _, abi := range []string{"1", "2", "3", "4", "5", "6"} {
		t.Run(abi, func(t *testing.T) {
			t.Parallel()
			for _, way := range ioFlags {
				w := newWorld(t)
				w.way = way
				w.env = append(w.env, "LOCKSTILE_LANDLOCK="+abi)
				run := func(script string) result {
					return w.do(w.command(leaveOutProgram, "run", "--", "bash", "-c", script))
				}
				for _, c := range hostile {
					if (c.needs == nil || c.needs()) && slices.Contains([]string{"N-10 abstract socket", "K-05 kill a host process", "F-01 truncate", "F-03 flags", "F-04 through a link",
						"F-06 hard link", "F-08 rename a protected folder", "F-15 keys", "N-01 TCP", "K-02 ptrace"}, c.id) {
						if r := run(c.script); strings.Contains(r.stderr, "refused at") || c.effect(w, r.stdout) {
							t.Errorf("%s %s: %+v", way, c.id, r)
						}
					}
				}
				if r := run("echo x > a && mkdir d && mv a d/b && cat d/b"); r.stdout != "x\n" {
					t.Errorf("%+v", r)
				}
				if l := w.lastStart(); l.Rung != "full" {
					t.Errorf("%+v", l)
				}
				w.verify()
			}
		})
	}
}
