//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The rows name programs that an agent may start, by their headings in the
// project's list of cases: F files, N network and IPC, K kernel and processes, E
// environment and descriptors; P are ordinary ones, which must work.
//
// A hostile row passes when its effect, seen from outside, is absent under
// confinement, on pipes and in a terminal, and there under danger-full-access:
// a probe that shows nothing anywhere proves nothing.
type caseRow struct {
	id, script string
	effect     func(w *world, out string) bool
	root       bool // only root could do it at all
}

// world is the outside of one run: things that the program must not reach.
type world struct {
	*place
	out      string // a folder beside the workspace
	canary   *exec.Cmd
	accepted atomic.Int32 // connections and datagrams
	port     int
}

const secret = "canary-secret-7261"

func newWorld(t *testing.T) *world {
	t.Helper()
	// Not below /tmp and TMPDIR: those are the view's own, which would hide it.
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-case-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{place: &place{T: t, dir: dir, ws: dir + "/ws", home: dir + "/home"}, out: dir + "/out"}
	for _, d := range []string{w.ws, w.out} {
		mkdir(t, d)
	}
	write(t, w.out+"/canary", "canary\n")
	for _, name := range []string{".git/hooks", ".claude"} {
		mkdir(t, w.ws+"/"+name)
	}
	write(t, w.ws+"/.git/config", "[core]\n")
	write(t, w.ws+"/.envrc", "echo\n")
	w.listen()
	w.canary = exec.Command("sleep", "1007")
	w.canary.Env = []string{"SECRET=" + secret}
	if err := w.canary.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.canary.Process.Kill(); w.canary.Wait() })
	w.env = []string{"OUT=" + w.out, "PORT=" + strconv.Itoa(w.port), "CANARY=" + strconv.Itoa(w.canary.Process.Pid),
		"NAME=" + filepath.Base(dir), "GITHUB_TOKEN=" + secret, "TMPDIR=/tmp"}
	return w
}

func (w *world) listen() {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.port = tcp.Addr().(*net.TCPAddr).Port
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		w.Fatal(err)
	}
	name := filepath.Base(w.dir)
	abstract, err := net.Listen("unix", "@"+name)
	if err != nil {
		w.Fatal(err)
	}
	path, err := net.Listen("unix", "/tmp/"+name+".sock")
	if err != nil {
		w.Fatal(err)
	}
	for _, l := range []net.Listener{tcp, abstract, path} {
		w.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				w.accepted.Add(1)
				c.Close()
			}
		}()
	}
	w.Cleanup(func() { udp.Close() })
	go func() {
		for buf := make([]byte, 64); ; {
			if _, _, err := udp.ReadFrom(buf); err != nil {
				return
			}
			w.accepted.Add(1)
		}
	}()
}

func (w *world) canaryIs(text string) bool {
	b, _ := os.ReadFile(w.out + "/canary")
	return string(b) == text
}

func reached(w *world, _ string) bool {
	time.Sleep(20 * time.Millisecond) // for the listener to count
	return w.accepted.Load() > 0
}

func changed(w *world, _ string) bool { return !w.canaryIs("canary\n") }

func made(name string) func(*world, string) bool {
	return func(w *world, _ string) bool {
		path := strings.NewReplacer("$OUT", w.out, "$WS", w.ws, "$NAME", filepath.Base(w.dir)).Replace(name)
		defer os.RemoveAll(path)
		return exists(path)
	}
}

func prints(text string) func(*world, string) bool {
	return func(_ *world, out string) bool { return strings.Contains(out, text) }
}

func mode(w *world) os.FileMode {
	info, err := os.Stat(w.out + "/canary")
	if err != nil {
		return 0
	}
	return info.Mode().Perm()
}

func canaryDead(w *world, _ string) bool {
	var ws unix.WaitStatus
	for range 10 {
		if pid, err := unix.Wait4(w.canary.Process.Pid, &ws, unix.WNOHANG, nil); pid > 0 || err != nil {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

// python runs a line of Python; done is printed when it came to its end.
func python(code string) string {
	return "python3 -c '\nimport socket,os,ctypes,sys\nlibc=ctypes.CDLL(None,use_errno=True)\ndef call(*a):\n  r=libc.syscall(*a)\n  if r<0: raise OSError(ctypes.get_errno(),os.strerror(ctypes.get_errno()))\n  return r\n" + code + "\nprint(\"done-\"+\"well\")'"
}

var done = prints("done-well")

var hostile = []caseRow{
	{"F-01 create beside", `echo x > $OUT/new`, made("$OUT/new"), false},
	{"F-01 append", `echo x >> $OUT/canary`, changed, false},
	{"F-01 truncate", `: > $OUT/canary`, changed, false},
	{"F-01 remove", `rm -f $OUT/canary`, changed, false},
	{"F-01 rename", `mv $OUT/canary $OUT/moved`, made("$OUT/moved"), false},
	{"F-01 replace", `echo x > mine; mv mine $OUT/canary`, changed, false},
	{"F-01 folder", `mkdir $OUT/folder`, made("$OUT/folder"), false},
	{"F-01 fifo", `mkfifo $OUT/fifo`, made("$OUT/fifo"), false},
	{"F-01 link outside", `ln -s /etc $OUT/link`, made("$OUT/link"), false},
	{"F-01 by relative path", `cd sub 2>/dev/null; echo x > ../out/new`, made("$OUT/new"), false},
	{"F-02 host's /tmp", `echo x > /tmp/$NAME-file`, made("/tmp/$NAME-file"), false},
	{"F-02 host's /dev/shm", `echo x > /dev/shm/$NAME-file`, made("/dev/shm/$NAME-file"), false},
	{"F-02 host's /run", `echo x > /run/$NAME-file`, made("/run/$NAME-file"), true},
	{"F-03 mode", `chmod 0777 $OUT/canary`, func(w *world, _ string) bool { return mode(w) == 0o777 }, false},
	{"F-03 time", `touch -d 2001-01-01 $OUT/canary`, func(w *world, _ string) bool {
		info, err := os.Stat(w.out + "/canary")
		return err == nil && info.ModTime().Year() == 2001
	}, false},
	{"F-03 owner", `chown 12345 $OUT/canary`, func(w *world, _ string) bool {
		var st unix.Stat_t
		return unix.Stat(w.out+"/canary", &st) == nil && st.Uid == 12345
	}, true},
	{"F-04 through a link", `ln -s $OUT/canary l && echo k >> l`, changed, false},
	{"F-04 through a linked folder", `ln -s $OUT d && echo k > d/new`, made("$OUT/new"), false},
	{"F-06 hard link", `ln $OUT/canary x && echo k >> x`, changed, false},
	{"F-08 hook", `echo x > .git/hooks/post-commit`, made("$WS/.git/hooks/post-commit"), false},
	{"F-08 rename a protected folder", `mv .git g && mkdir .git`, made("$WS/g"), false},
	{"F-08 remove a protected folder", `rm -rf .claude`, func(w *world, _ string) bool { return !exists(w.ws + "/.claude") }, false},
	{"F-08 move a file in", `echo e > y; mv y .git/hooks/post-commit`, made("$WS/.git/hooks/post-commit"), false},
	{"F-08 replace a protected file", `echo evil > y; mv y .envrc`, func(w *world, _ string) bool {
		b, _ := os.ReadFile(w.ws + "/.envrc")
		return string(b) == "evil\n"
	}, false},
	{"F-09 exchange", python(`os.mkdir("evil"); call(316,-100,b"evil",-100,b".git",2)`), func(w *world, _ string) bool { return !exists(w.ws + "/.git/config") }, false},
	{"G-01 git's configuration", `printf "[core]\n\tfsmonitor = touch /tmp/x\n" >> .git/config`, func(w *world, _ string) bool {
		b, _ := os.ReadFile(w.ws + "/.git/config")
		return string(b) != "[core]\n"
	}, false},
	{"F-14 /proc/self/root", `echo x > /proc/self/root$OUT/new`, made("$OUT/new"), false},
	{"F-14 /proc/PID/root", `echo x > /proc/$CANARY/root$OUT/new`, made("$OUT/new"), false},
	{"F-14 /proc/PID/cwd", `echo x > /proc/$CANARY/cwd/$NAME; rm /proc/$CANARY/cwd/$NAME && echo done-well`, done, false},
	{"F-27 the log", `echo forged >> $LOCKSTILE_HOME/sandbox.log`, func(w *world, _ string) bool { return w.lockstile("log", "verify").code != 0 }, false},
	{"F-27 the configuration", `echo > $LOCKSTILE_HOME/config.toml`, func(w *world, _ string) bool { return exists(w.home + "/config.toml") }, false},
	{"N-01 TCP", `exec 3<>/dev/tcp/127.0.0.1/$PORT`, reached, false},
	{"N-02 TCP to 0.0.0.0", `exec 3<>/dev/tcp/0.0.0.0/$PORT`, reached, false},
	{"N-03 UDP", `echo x > /dev/udp/127.0.0.1/$PORT`, reached, false},
	{"N-03 UDP without connect", python(`socket.socket(socket.AF_INET,socket.SOCK_DGRAM).sendto(b"x",("127.0.0.1",int(os.environ["PORT"])))`), reached, false},
	{"N-08 socket by path", python(`socket.socket(socket.AF_UNIX).connect("/tmp/"+os.environ["NAME"]+".sock")`), reached, false},
	{"N-10 abstract socket", python(`socket.socket(socket.AF_UNIX).connect("\0"+os.environ["NAME"])`), reached, false},
	{"N-14 netlink", python(`socket.socket(socket.AF_NETLINK,socket.SOCK_RAW,15)`), done, false},
	{"N-15 packet socket", python(`socket.socket(socket.AF_PACKET,socket.SOCK_RAW,3)`), done, true},
	{"N-15 raw socket", python(`socket.socket(socket.AF_INET,socket.SOCK_RAW,1)`), done, true},
	{"N-20 shared memory", python(`k=call(29,0x4c53,4096,0o1666)
print("id",k)`), func(*world, string) bool {
		id, err := unix.SysvShmGet(0x4c53, 4096, 0)
		if err == nil {
			unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
		return err == nil
	}, false},
	{"K-01 kill a host process", `kill -9 $CANARY`, canaryDead, false},
	{"K-02 ptrace", python(`call(101,16,int(os.environ["CANARY"]),0,0)`), done, false},
	{"K-02 read its memory", python(`open("/proc/%s/mem"%os.environ["CANARY"],"rb")`), done, false},
	{"K-03 environment of a host process", `tr "\0" "\n" < /proc/$CANARY/environ`, prints(secret), false},
	{"K-04 mount", `mount -t tmpfs none $OUT && echo done-well; umount $OUT 2>/dev/null`, done, true},
	{"K-05 user namespace", `unshare -U true && echo done-well`, done, false},
	{"K-05 its own root", `unshare -r /usr/sbin/chroot / /bin/true && echo done-well`, done, false},
	{"K-06 bpf", python(`a=ctypes.create_string_buffer(b"\x02\0\0\0\4\0\0\0\4\0\0\0\1\0\0\0",128)
call(321,0,a,72)`), done, true},
	{"K-06 perf", python(`a=ctypes.create_string_buffer(b"\1\0\0\0\x70\0\0\0\0\0\0\0\0\0\0\0",112)
call(298,a,0,-1,-1,0)`), done, true},
	{"K-07 io_uring", python(`call(425,1,ctypes.create_string_buffer(120))`), done, false},
	{"K-08 keyring", python(`call(248,b"user",b"lockstile",b"x",1,-3)`), done, false},
	{"K-09 host name", `hostname $NAME`, func(w *world, _ string) bool {
		var u unix.Utsname
		unix.Uname(&u)
		if unix.ByteSliceToString(u.Nodename[:]) != filepath.Base(w.dir) {
			return false
		}
		unix.Sethostname([]byte(hostname))
		return true
	}, true},
	{"K-10 sysctl", `cat /proc/sys/kernel/domainname | tee /proc/sys/kernel/domainname && echo done-well`, done, true},
	{"K-11 nice of a host process", `renice 5 $CANARY`, func(w *world, _ string) bool {
		n, err := unix.Getpriority(unix.PRIO_PROCESS, w.canary.Process.Pid)
		return err == nil && n != 20
	}, false},
	{"E-06 secrets in the environment", `env`, prints(secret), false},
	{"E-09 inherited descriptor", `cat <&9; cat /proc/self/fd/9`, prints(secret), false},
}

// hostname is put back after the row that changes it.
var hostname, _ = os.Hostname()

var ordinary = []caseRow{
	{"P-02 files", `mkdir -p a/b && echo x > a/b/c && mv a/b/c a/d && ln -s d a/l && ln a/d a/h && cat a/l a/h && rm -r a && echo done-well`, done, false},
	{"P-02 /tmp and TMPDIR", `f=$(mktemp) && echo x > $f && cat $f && echo x > /dev/shm/f && echo done-well`, done, false},
	{"P-03 git", `export GIT_PAGER=cat; git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first && git status --porcelain && git log --oneline && git diff && echo done-well`, done, false},
	{"P-08 python processes", "python3 -c '\nimport multiprocessing as m\nif __name__==\"__main__\":\n  with m.Pool(2) as p: print(sum(p.map(abs,[-1,-2])))\n  q=m.Queue(); q.put(1); q.get()\nprint(\"done-\"+\"well\")'", done, false},
	{"P-10 gcc", `printf 'int main(void){return 0;}' > m.c && gcc -o m m.c && ./m && echo done-well`, done, false},
	{"P-12 loopback", python(`s=socket.create_server(("127.0.0.1",0))
c=socket.create_connection(s.getsockname())
c.sendall(b"x"); assert s.accept()[0].recv(1)==b"x"`), done, false},
	{"P-13 own sockets", python(`a,b=socket.socketpair()
l=socket.socket(socket.AF_UNIX); l.bind("own"); l.listen()
socket.socket(socket.AF_UNIX).connect("own")`), done, false},
	{"P-16 10 MB of output", `head -c 10000000 /dev/zero | tr "\0" a; echo; echo done-well`, func(_ *world, out string) bool {
		return strings.Count(out, "a") >= 10_000_000 && strings.Contains(out, "done-well")
	}, false},
	{"P-16 200 MB file", `head -c 200000000 /dev/zero > big && test $(stat -c %s big) = 200000000 && rm big && echo done-well`, done, false},
	{"P-17 long argument", `x=$(head -c 130000 /dev/zero | tr "\0" b); /bin/echo "$x" | wc -c && echo done-well`, done, false},
	{"P-21 unicode", `echo "grüße → 日本" > "ñ é.txt" && cat *.txt && echo done-well`, done, false},
	{"P-21 identity", `test "$(id -u)" = "$(stat -c %u .)" && test -n "$HOME" && echo done-well`, done, false},
	{"P-22 threads and shells", `for i in 1 2 3; do (exec bash -c 'true') & done; wait; echo done-well`, done, false},
}

// run runs one row and tells whether its effect is seen.
func (w *world) run(c caseRow, flags ...string) bool {
	w.Helper()
	args := append(append([]string{"run"}, flags...), "--", "bash", "-c", c.script)
	cmd := w.command(program, args...)
	null, err := os.Open(os.DevNull)
	if err != nil {
		w.Fatal(err)
	}
	defer null.Close()
	held := w.ws + "/../held"
	write(w.T, held, secret)
	f, err := os.Open(held)
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	cmd.Stdin = null
	cmd.ExtraFiles = []*os.File{3: nil, 6: f} // descriptor 9
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		w.Fatal(err)
	}
	if strings.Contains(errs.String(), "lockstile: refused") { // then the program tried nothing
		w.Fatal(errs.String())
	}
	return c.effect(w, out.String())
}

// TestCases runs the table, and prints it with -v.
func TestCases(t *testing.T) {
	who := "user"
	if os.Geteuid() == 0 {
		who = "root"
	}
	for _, c := range hostile {
		t.Run(c.id, func(t *testing.T) {
			if c.root && who == "user" {
				t.Log("| only root could do it |")
				return
			}
			control := []string{"--sandbox", "danger-full-access", "-c", "shell_environment_policy.ignore_default_excludes=true"}
			if strings.HasPrefix(c.id, "E-09") {
				if b, _ := exec.Command("sh", "-c", "exec 9<<E\n"+secret+"\nE\ncat <&9").Output(); !strings.Contains(string(b), secret) {
					t.Error("the probe shows nothing outside either")
				}
			} else if !newWorld(t).run(c, control...) {
				t.Error("the probe shows no effect under danger-full-access: it proves nothing")
			}
			for _, way := range ioFlags {
				if newWorld(t).run(c, way) {
					t.Errorf("%s: the effect is there", way)
				}
			}
			t.Logf("| %s | denied | denied | %s |", c.id, who)
		})
	}
	for _, c := range ordinary {
		t.Run(c.id, func(t *testing.T) {
			for _, way := range ioFlags {
				if !newWorld(t).run(c, way) {
					t.Errorf("%s: it does not work", way)
				}
			}
			t.Logf("| %s | works | works | %s |", c.id, who)
		})
	}
	if n := len(hostile) + len(ordinary); n < 60 {
		t.Errorf("only %d rows", n)
	}
}
