//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// python runs a line of Python, and prints done after the last statement.
func python(code string) string {
	return "python3 -c '\nimport socket,os,ctypes,sys\nlibc=ctypes.CDLL(None,use_errno=True)\ndef call(*a):\n  r=libc.syscall(*[ctypes.c_long(x) if isinstance(x,int) else x for x in a])\n  if r<0: raise OSError(ctypes.get_errno(),os.strerror(ctypes.get_errno()))\n  return r\n" + code + "\nprint(\"done-\"+\"well\")'"
}

var done = prints("done-well")

// swapping has a second thread swap the target of a connect, as fast as possible, while
// the first thread connects for half a second: to its own socket or the host's.
const swapping = `
import threading,time
sys.setswitchinterval(1e-5)
own=socket.socket(socket.AF_UNIX); own.bind("own.sock"); own.listen(2000)
def forever():
  while True:
    try: swap()
    except OSError: pass
threading.Thread(target=forever,daemon=True).start()
end=time.time()+0.5
while time.time()<end:
  try: attempt()
  except OSError: pass
os._exit(0)`

const (
	swapLink = `
def swap():
  for to in ("own.sock","s.sock"):
    os.symlink(to,"new"); os.rename("new","link")
def attempt():
  s=socket.socket(socket.AF_UNIX); s.setblocking(False); s.connect("link")` + swapping
	swapName = `
os.mkdir("a"); os.mkdir("b"); os.link("s.sock","a/x")
inner=socket.socket(socket.AF_UNIX); inner.bind("b/x"); inner.listen(2000)
def swap(): call(316,-100,b"a",-100,b"b",2)
def attempt():
  s=socket.socket(socket.AF_UNIX); s.setblocking(False); s.connect("a/x")` + swapping
	// The number of a socket that becomes another socket's before the connect.
	swapNumber = `
tcp=socket.socket(); unix=socket.socket(socket.AF_UNIX); num=os.dup(tcp.fileno())
addr=b"\1\0s.sock\0"
def swap():
  os.dup2(tcp.fileno(),num); os.dup2(unix.fileno(),num)
def attempt():
  libc.connect(num,addr,len(addr))` + swapping
)

// root and the functions below are the needs of rows.
func root() bool { return os.Geteuid() == 0 }

func vsock() bool {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// typing reports whether a program can type for another: the kernel still has TIOCSTI, or
// the user is root.
func typing() bool {
	b, err := os.ReadFile("/proc/sys/dev/tty/legacy_tiocsti") // from Linux 6.2
	return root() || err != nil || strings.TrimSpace(string(b)) == "1"
}

var hostile = slices.Concat(hostileBasics, hostileFiles, hostileKernel)

var hostileBasics = []caseRow{
	{"F-01 create beside", `echo x > $OUT/new`, made("$OUT/new"), nil},
	{"F-01 append", `echo x >> $OUT/canary`, changed, nil},
	{"F-01 truncate", `: > $OUT/canary`, changed, nil},
	{"F-01 remove", `rm -f $OUT/canary`, changed, nil},
	{"F-01 rename", `mv $OUT/canary $OUT/moved`, made("$OUT/moved"), nil},
	{"F-01 replace", `echo x > mine; mv mine $OUT/canary`, changed, nil},
	{"F-01 folder", `mkdir $OUT/folder`, made("$OUT/folder"), nil},
	{"F-01 fifo", `mkfifo $OUT/fifo`, made("$OUT/fifo"), nil},
	{"F-01 link outside", `ln -s /etc $OUT/link`, made("$OUT/link"), nil},
	{"F-01 by relative path", `echo x > sub/../../out/new`, made("$OUT/new"), nil},
	{"F-24 host's /tmp", `echo x > /tmp/$NAME-file`, made("/tmp/$NAME-file"), nil},
	{"F-23 host's /dev/shm", `echo x > /dev/shm/$NAME-file`, made("/dev/shm/$NAME-file"), nil},
	{"F-23 host's /run", `echo x > /run/$NAME-file`, made("/run/$NAME-file"), root},
	{"F-03 mode", `chmod 0777 $OUT/canary`, func(w *world, _ string) bool { return mode(w) == 0o777 }, nil},
	{"F-03 time", `touch -d 2001-01-01 $OUT/canary`, func(w *world, _ string) bool {
		info, err := os.Stat(w.out + "/canary")
		return err == nil && info.ModTime().Year() == 2001
	}, nil},
	{"F-03 owner", `chown 12345 $OUT/canary`, func(w *world, _ string) bool {
		var st unix.Stat_t
		return unix.Stat(w.out+"/canary", &st) == nil && st.Uid == 12345
	}, root},
	{"F-04 through a link", `ln -s $OUT/canary l && echo k >> l`, changed, nil},
	{"F-04 through a linked folder", `ln -s $OUT d && echo k > d/new`, made("$OUT/new"), nil},
	{"F-06 hard link", `ln $OUT/canary x && echo k >> x`, changed, nil},
	{"F-08 hook", `echo x > .git/hooks/post-commit`, made("$WS/.git/hooks/post-commit"), nil},
	{"F-08 rename a protected folder", `mv .git g && mkdir .git`, made("$WS/g"), nil},
	{"F-08 remove a protected folder", `rm -rf .claude`, func(w *world, _ string) bool { return !exists(w.ws + "/.claude") }, nil},
	{"F-08 move a file in", `echo e > y; mv y .git/hooks/post-commit`, made("$WS/.git/hooks/post-commit"), nil},
	{"F-08 replace a protected file", `echo evil > y; mv y .envrc`, func(w *world, _ string) bool {
		b, _ := os.ReadFile(w.ws + "/.envrc")
		return string(b) == "evil\n"
	}, nil},
	{"F-08 hook of a checkout below", `echo x > sub/.git/hooks/post-commit`, made("$WS/sub/.git/hooks/post-commit"), nil},
	{"F-10 rename what holds it", `mv sub sub.old && mkdir -p sub/.git`, func(w *world, _ string) bool { return !exists(w.ws + "/sub/.git/config") }, nil},
	{"F-10 exchange what holds it", python(`os.mkdir("evil"); call(316,-100,b"evil",-100,b"sub",2)`), func(w *world, _ string) bool { return !exists(w.ws + "/sub/.git/config") }, nil},
	{"F-10 rename the workspace", `mv $PWD ../moved && ln -s /etc $PWD`, func(w *world, _ string) bool { return exists(w.dir + "/moved") }, nil},
	{"F-09 exchange", python(`os.mkdir("evil"); call(316,-100,b"evil",-100,b".git",2)`), func(w *world, _ string) bool { return !exists(w.ws + "/.git/config") }, nil},
	{"G-01 git's configuration", `printf "[core]\n\tfsmonitor = touch /tmp/x\n" >> .git/config`, func(w *world, _ string) bool {
		b, _ := os.ReadFile(w.ws + "/.git/config")
		return strings.Contains(string(b), "fsmonitor")
	}, nil},
	{"G-12 make a tool's folder", `mkdir -p .vscode && echo x > .vscode/tasks.json`, made("$WS/.vscode"), nil},
	{"G-12 move one into place", `mkdir v && echo x > v/tasks.json && mv v .vscode`, made("$WS/.vscode"), nil},
	{"G-12 make a tool's file", `echo x > .mcp.json`, made("$WS/.mcp.json"), nil},
	{"G-12 and close the folder", `mkdir -p .husky && chmod 0555 .`, made("$WS/.husky"), nil},
	{"G-12 again and again", `(setsid sh -c "while :; do mkdir .zed; done" >/dev/null 2>&1 &); until test -e .zed; do :; done`, made("$WS/.zed"), nil},
	{"F-14 /proc/self/root", `echo x > /proc/self/root$OUT/new`, made("$OUT/new"), nil},
	{"F-14 /proc/PID/root", `echo x > /proc/$CANARY/root$OUT/new`, made("$OUT/new"), nil},
	{"F-14 /proc/PID/cwd", `echo x > /proc/$CANARY/cwd/$NAME; rm /proc/$CANARY/cwd/$NAME && echo done-well`, done, nil},
	{"F-27 the log", `echo forged >> $LOCKSTILE_HOME/sandbox.log`, func(w *world, _ string) bool { return w.lockstile("log", "verify").code != 0 }, nil},
	{"F-27 the configuration", `echo > $LOCKSTILE_HOME/config.toml`, func(w *world, _ string) bool { return exists(w.home + "/config.toml") }, nil},
	{"N-01 TCP", `exec 3<>/dev/tcp/127.0.0.1/$PORT`, reached, nil},
	{"N-01 TCP to 0.0.0.0", `exec 3<>/dev/tcp/0.0.0.0/$PORT`, reached, nil},
	{"N-03 UDP", `echo x > /dev/udp/127.0.0.1/$PORT`, reached, nil},
	{"N-03 UDP without connect", python(`socket.socket(socket.AF_INET,socket.SOCK_DGRAM).sendto(b"x",("127.0.0.1",int(os.environ["PORT"])))`), reached, nil},
	{"N-08 socket by path", python(`socket.socket(socket.AF_UNIX).connect("/tmp/"+os.environ["NAME"]+".sock")`), reached, nil},
	{"N-08 socket in the workspace", python(`socket.socket(socket.AF_UNIX).connect("s.sock")`), reached, nil},
	{"N-08 socket beside it", python(`socket.socket(socket.AF_UNIX).connect(os.environ["OUT"]+"/s.sock")`), reached, nil},
	{"N-08 seqpacket", python(`socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET).connect("q.sock")`), reached, nil},
	{"N-08 through a link", python(`os.symlink(os.environ["OUT"]+"/s.sock","l"); socket.socket(socket.AF_UNIX).connect("l")`), reached, nil},
	{"N-08 through /proc/self/fd", python(`d=os.open(".",os.O_RDONLY); socket.socket(socket.AF_UNIX).connect("/proc/self/fd/%d/s.sock"%d)`), reached, nil},
	{"N-08 a link that is swapped", python(swapLink), reached, nil},
	{"N-08 a name that is exchanged", python(swapName), reached, nil},
	{"N-08 a number that is swapped", python(swapNumber), reached, nil},
	{"N-09 datagram", python(`socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM).sendto(b"x","d.sock")`), reached, nil},
	{"N-09 datagram from a pair", python(`socket.socketpair(socket.AF_UNIX,socket.SOCK_DGRAM)[0].sendto(b"x","d.sock")`), reached, nil},
	{"N-09 raw socket", python(`socket.socket(socket.AF_UNIX,socket.SOCK_RAW).sendto(b"x","d.sock")`), reached, nil},
	{"N-10 abstract socket", python(`socket.socket(socket.AF_UNIX).connect("\0"+os.environ["NAME"])`), reached, nil},
	{"N-14 netlink", python(`socket.socket(socket.AF_NETLINK,socket.SOCK_RAW,15)`), done, nil},
	{"N-15 packet socket", python(`socket.socket(socket.AF_PACKET,socket.SOCK_RAW,3)`), done, root},
	{"N-15 raw socket", python(`socket.socket(socket.AF_INET,socket.SOCK_RAW,1)`), done, root},
	{"N-16 vsock", python(`socket.socket(socket.AF_VSOCK,socket.SOCK_STREAM)`), done, vsock},
	{"N-20 shared memory", python(`k=call(29,0x4c53,4096,0o1666)
print("id",k)`), func(*world, string) bool {
		id, err := unix.SysvShmGet(0x4c53, 4096, 0)
		if err == nil {
			unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
		return err == nil
	}, nil},
	{"K-05 kill a host process", `kill -9 $CANARY`, canaryDead, nil},
	{"K-02 ptrace", python(`call(101,16,int(os.environ["CANARY"]),0,0)`), done, nil},
	{"K-03 read its memory", python(`open("/proc/%s/mem"%os.environ["CANARY"],"rb")`), done, nil},
	{"F-14 environment of a host process", `tr "\0" "\n" < /proc/$CANARY/environ`, prints(secret), nil},
	{"K-11 mount", `mount -t tmpfs none $OUT && echo done-well; umount $OUT 2>/dev/null`, done, root},
	{"K-11 user namespace", `unshare -U true && echo done-well`, done, nil},
	{"K-11 its own root", `unshare -r /usr/sbin/chroot / /bin/true && echo done-well`, done, nil},
	{"K-17 bpf", python(`a=ctypes.create_string_buffer(b"\x02\0\0\0\4\0\0\0\4\0\0\0\1\0\0\0",128)
call(321,0,a,72)`), done, root},
	{"K-17 perf", python(`a=ctypes.create_string_buffer(b"\1\0\0\0\x70\0\0\0\0\0\0\0\0\0\0\0",112)
call(298,a,0,-1,-1,0)`), done, root},
	{"N-05 io_uring", python(`call(425,1,ctypes.create_string_buffer(120))`), done, nil},
	{"K-18 keyring", python(`call(248,b"user",b"lockstile",b"x",1,-3)`), done, nil},
	{"K-14 host name", `hostname $NAME`, func(w *world, _ string) bool {
		var u unix.Utsname
		unix.Uname(&u)
		if unix.ByteSliceToString(u.Nodename[:]) != filepath.Base(w.dir) {
			return false
		}
		unix.Sethostname([]byte(hostname))
		return true
	}, root},
	{"K-14 sysctl", `cat /proc/sys/kernel/domainname | tee /proc/sys/kernel/domainname && echo done-well`, done, root},
	{"K-19 nice of a host process", `renice 19 $CANARY`, func(w *world, _ string) bool {
		n, err := unix.Getpriority(unix.PRIO_PROCESS, w.canary.Process.Pid)
		return err == nil && n != niceness() // which the canary began with
	}, func() bool { return niceness() != 20-19 }},
	{"E-06 secrets in the environment", `env`, prints(secret), nil},
	{"E-01 type into the terminal", python(`import fcntl
t=os.open("/dev/tty",os.O_RDWR)
for c in b"typed\n": fcntl.ioctl(t,0x5412,bytes([c]))`), done, typing},
	{"E-09 inherited descriptor", `cat <&9; cat /proc/self/fd/9`, prints(secret), nil},
}

// niceness is the tests' own, as the kernel has it: 20 less the nice value.
func niceness() int {
	n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		panic(err)
	}
	return n
}

// hostname is restored after the row that changes the name.
var hostname, _ = os.Hostname()

var ordinary = slices.Concat(ordinaryBasics, ordinaryMore)

var ordinaryBasics = []caseRow{
	{"P-02 files", `mkdir -p a/b && echo x > a/b/c && mv a/b/c a/d && ln -s d a/l && ln a/d a/h && cat a/l a/h && rm -r a && echo done-well`, done, nil},
	{"P-02 /tmp and TMPDIR", `f=$(mktemp) && echo x > $f && cat $f && echo x > /dev/shm/f && echo done-well`, done, nil},
	{"P-03 git", `export GIT_PAGER=cat; git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first && git status --porcelain && git log --oneline && git diff && echo done-well`, done, nil},
	{"P-03 git, on what is there", `export GIT_PAGER=cat; echo more >> tracked; git status --porcelain | grep -q "M tracked" && git diff | grep -q +more && git log --oneline | grep -q first && git blame tracked | grep -q more && echo done-well`, done, nil},
	{"P-03 git, in a checkout below", `cd sub && echo x > new && mkdir d && mv new d/moved && git status --porcelain | grep -q d/ && rm -r d && echo done-well`, done, nil},
	{"P-09 node child processes", `node -e 'const c=require("child_process"); console.log(c.execSync("echo done-well").toString()); c.spawn("true").on("exit",n=>process.exit(n))'`, done, nil},
	{"P-08 python processes", "python3 -c '\nimport multiprocessing as m\nif __name__==\"__main__\":\n  with m.Pool(2) as p: print(sum(p.map(abs,[-1,-2])))\n  q=m.Queue(); q.put(1); q.get()\nprint(\"done-\"+\"well\")'", done, nil},
	{"P-10 gcc", `printf 'int main(void){return 0;}' > m.c && gcc -o m m.c && ./m && echo done-well`, done, nil},
	{"P-10 go build", `printf 'package main\nfunc main() { println("done-" + "well") }\n' > m.go && GO111MODULE=off GOCACHE=/tmp/go-build go build -o m m.go && ./m 2>&1`, done, nil},
	{"P-12 loopback", python(`s=socket.create_server(("127.0.0.1",0))
c=socket.create_connection(s.getsockname())
c.sendall(b"x"); assert s.accept()[0].recv(1)==b"x"`), done, nil},
	{"P-13 own sockets", python(`a,b=socket.socketpair()
l=socket.socket(socket.AF_UNIX); l.bind("own"); l.listen()
socket.socket(socket.AF_UNIX).connect("own")`), done, nil},
	{"P-13 a queue that is full", python(`import threading
l=socket.socket(socket.AF_UNIX); l.bind("full"); l.listen(0)
def dial():
  s=socket.socket(socket.AF_UNIX); s.connect("full")
ts=[threading.Thread(target=dial) for _ in range(5)]
for t in ts: t.start()
for t in ts: l.accept()
for t in ts: t.join()`), done, nil},
	{"P-13 tmux, twice at one name", `for i in 1 2; do
  tmux -S t new -d "touch up; exec sleep 9" && p=$(tmux -S t display -p "#{pid}") || exit
  # Before its exec the server's child holds the socket, and the next client would find that.
  timeout 20 sh -c "until rm up 2>/dev/null; do sleep 0.01; done" || { echo "round $i: nothing runs in tmux"; exit; }
  tmux -S t kill-server || exit
  while kill -0 $p 2>/dev/null; do sleep 0.01; done # one that is ending still answers
done; echo done-well`, done, nil},
	{"P-13 ssh-agent", `eval $(ssh-agent -a $PWD/agent) && { ssh-add -l; test $? = 1; } && kill $SSH_AGENT_PID && echo done-well`, done, nil},
	{"P-13 node", `node -e 'const n=require("net");const s=n.createServer(c=>c.end("done-"+"well")).listen("node",()=>n.connect("node").on("data",d=>{console.log(""+d);s.close()}))'`, done, nil},
	{"P-16 10 MB of output", `head -c 10000000 /dev/zero | tr "\0" a; echo; echo done-well`, func(_ *world, out string) bool {
		return strings.Count(out, "a") >= 10_000_000 && strings.Contains(out, "done-well")
	}, nil},
	{"P-02 200 MB file", `head -c 200000000 /dev/zero > big && test $(stat -c %s big) = 200000000 && rm big && echo done-well`, done, nil},
	{"E-08 long argument", `x=$(head -c 130000 /dev/zero | tr "\0" b); /bin/echo "$x" | wc -c && echo done-well`, done, nil},
	{"P-21 unicode", `echo "grüße → 日本" > "ñ é.txt" && cat *.txt && echo done-well`, done, nil},
	{"P-21 identity", `test "$(id -u)" = "$(stat -c %u .)" && test -n "$HOME" && echo done-well`, done, nil},
	{"P-22 threads and shells", `for i in 1 2 3; do (exec bash -c 'true') & done; wait; echo done-well`, done, nil},
}
