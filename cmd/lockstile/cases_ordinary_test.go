//go:build linux

package main

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// has reports whether programs are installed.
func has(names ...string) func() bool {
	return func() bool {
		for _, n := range names {
			if _, err := exec.LookPath(n); err != nil {
				return false
			}
		}
		return true
	}
}

// database reports whether PostgreSQL can run: it starts for users with an entry in
// passwd, and not as root.
func database() bool {
	_, err := os.Stat("/usr/lib/postgresql/15/bin/initdb")
	if err == nil {
		_, err = user.LookupId(strconv.Itoa(os.Getuid()))
	}
	return err == nil && !root()
}

var ordinaryMore = []caseRow{
	{"P-02 replace, map and lock", python(`import mmap,fcntl
open("a","w").write("old"); open("b","w").write("new"); os.replace("b","a"); assert open("a").read()=="new"
f=open("a","r+b"); m=mmap.mmap(f.fileno(),3); m[0:3]=b"map"; m.flush(); fcntl.flock(f,fcntl.LOCK_EX); assert open("a").read()=="map"
os.mkfifo("p"); os.rename("p","q"); os.remove("q"); os.makedirs("d/e"); os.rename("d","d2"); os.removedirs("d2/e")`), done, nil},
	{"P-03 git, more of it", `export GIT_PAGER=cat; git show --stat | grep -q tracked && git stash list && test "$(git rev-parse --show-toplevel)" = "$PWD" && cd sub && test "$(git rev-parse --show-toplevel)" = "$PWD" && cd ../wt && git rev-parse --git-common-dir | grep -q "\.git" && echo done-well`, done, nil},
	{"P-06 what only looks", `ls -la / >/dev/null && cat /etc/passwd | grep -q root && find . -name tracked | grep -q . && df . >/dev/null && ps >/dev/null && echo done-well`, done, nil},
	{"P-08 python's locks and shared memory", "cat > m.py <<'E'\nimport multiprocessing as m, multiprocessing.shared_memory as s, concurrent.futures as c, tempfile\ndef f(x): return x*2\nif __name__=='__main__':\n  for kind in ('fork','spawn','forkserver'):\n    x=m.get_context(kind)\n    with c.ProcessPoolExecutor(2,mp_context=x) as p: assert list(p.map(f,[1,2]))==[2,4]\n  l=m.Lock(); l.acquire(); l.release()\n  h=s.SharedMemory(create=True,size=10); h.buf[0]=1; h.close(); h.unlink()\n  with m.Manager() as g: g.dict()['a']=1\n  with tempfile.TemporaryDirectory() as d: open(d+'/x','w')\n  print('done-'+'well')\nE\npython3 m.py", done, nil},
	{"P-08 a virtual environment", `python3 -m venv --without-pip v && v/bin/python -c 'print("done-"+"well")'`, done, nil},
	{"P-09 node's workers", `node -e 'const w=require("worker_threads");if(w.isMainThread){new w.Worker(process.argv[1]||"'"$PWD"'/w.js").on("message",m=>console.log(m))}' 2>/dev/null; echo 'require("worker_threads").parentPort.postMessage("done-"+"well")' > w.js; node -e 'new (require("worker_threads").Worker)("./w.js").on("message",m=>console.log(m))'`, done, has("node")},
	{"P-09 npm, without a network", `echo '{"name":"x","version":"1.0.0","scripts":{"test":"echo done-well"}}' > package.json && npm test --offline 2>&1`, done, has("npm")},
	{"P-10 make, in parallel", `printf 'all: a b c\na b c:\n\t@sleep 0.01; touch $@\n' > Makefile && make -s -j4 && ls a b c >/dev/null && echo done-well`, done, has("make")},
	{"P-10 go test, in its cache", `mkdir m && cd m && printf 'module m\n\ngo 1.21\n' > go.mod && printf 'package m\nimport "testing"\nfunc TestX(t *testing.T){}\n' > m_test.go && GOFLAGS=-mod=mod GOCACHE=/tmp/go-build GOTOOLCHAIN=local go test ./... && echo done-well`, done, has("go")},
	{"P-11 java", `printf 'public class M { public static void main(String[] a) throws Exception { Thread t=new Thread(()->System.out.println("done-"+"well")); t.start(); t.join(); } }' > M.java && java -Xmx64m M.java`, done, has("javac")},
	{"P-12 IPv6 and a name", python(`
for family,host in ((socket.AF_INET6,"::1"),(socket.AF_INET,"localhost"),(socket.AF_INET,"127.9.9.9")):
  try: s=socket.create_server((host,0),family=family)
  except OSError as e:
    if family==socket.AF_INET6: continue # the machine has none
    raise
  c=socket.create_connection(s.getsockname()[:2]); c.sendall(b"x"); assert s.accept()[0].recv(1)==b"x"
servers=[socket.create_server(("127.0.0.1",0)) for _ in range(100)]
for s in servers: socket.create_connection(s.getsockname())`), done, nil},
	{"P-12 UDP", python(`a=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); a.bind(("127.0.0.1",0)); b=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); b.connect(a.getsockname()); b.send(b"x"); assert a.recv(1)==b"x"`), done, nil},
	{"P-13 descriptors between processes", python(`import array
a,b=socket.socketpair(); r,w=os.pipe()
if os.fork()==0:
  socket.send_fds(b,[b"x"],[w]); os._exit(0)
_,f,_,_=socket.recv_fds(a,1,1); os.write(f[0],b"y"); assert os.read(r,1)==b"y"`), done, nil},
	{"P-13 a long TMPDIR", `export TMPDIR=/tmp/$(printf 'x%.0s' $(seq 60)) && mkdir -p $TMPDIR && python3 -c 'import multiprocessing as m; m.Manager().shutdown(); print("done-"+"well")'`, done, nil},
	{"P-13 a database on a socket here", `PATH=$PATH:/usr/lib/postgresql/15/bin; initdb -D d -U u --no-locale -E UTF8 >/dev/null 2>&1 && pg_ctl -D d -o "-k $PWD -h ''" -w -l log start >/dev/null && psql -h $PWD -U u -d postgres -Atc "select 'done-'||'well'"; pg_ctl -D d -m fast stop >/dev/null`, done, database},
	{"P-16 1 GiB through pipes", `head -c 1073741824 /dev/zero | cat | sha256sum | grep -q ^49bc20df && echo done-well`, done, nil},
	{"P-16 a reader that leaves", `yes | head -n1 | grep -q y && echo done-well`, done, nil},
	{"P-18 strace", `strace -f -o t sh -c 'true; true' && grep -q exit_group t && echo done-well`, done, has("strace")},
	{"P-18 gdb", `gdb -batch -ex run -ex bt /bin/true 2>&1 | grep -q "exited normally" && echo done-well`, done, has("gdb")},
	{"P-18 sanitizers", `printf 'int main(void){int a[2]={0};return a[0];}' > a.c && gcc -fsanitize=address,undefined -o a a.c && ASAN_OPTIONS=detect_leaks=0 ./a && echo done-well`, done, gcc},
	{"P-19 a sandbox within", `timeout 5 bwrap --ro-bind / / true 2>err; test $? -ne 124 && echo done-well`, done, has("bwrap")},
	{"P-20 a library from here", `printf 'int f(void){return 7;}' > l.c && gcc -shared -fPIC -o l.so l.c && python3 -c 'import ctypes; assert ctypes.CDLL("./l.so").f()==7; print("done-"+"well")'`, done, gcc},
	{"P-20 code that is made", `node -e 'let s=0;for(let i=0;i<3e6;i++)s+=i%7;console.log("done-"+"well")'`, done, has("node")},
	{"P-21 who and what", `python3 -c 'import os,pwd,socket,time,grp
assert os.getuid()==os.geteuid()==os.stat(".").st_uid; pwd.getpwnam("root"); assert socket.gethostname(); time.localtime()
os.umask(0o027); open("u","w"); assert os.stat("u").st_mode&0o777==0o640; os.mkdir("g"); os.chmod("g",0o2775); assert os.stat("g").st_mode&0o2000
print("done-"+"well")'`, done, nil},
	{"P-22 calls that may not be there", python(`
for nr in (435,437,452,425,462,467,999):
  try: call(nr,0,0,0,0,0)
  except OSError: pass
import subprocess,threading
subprocess.run(["true"],check=True,start_new_session=True); t=threading.Thread(target=lambda:0); t.start(); t.join(); os.posix_spawn("/bin/true",["true"],{})`), done, nil},
	{"P-22 perl and awk", `perl -e 'fork and wait; print "x"' | grep -q x && echo a b | awk '{print $2}' | grep -q b && echo done-well`, done, has("perl")},
}

// TestReadOnlyIsEverywhere checks that a command in read-only can write nowhere, and can
// look everywhere (F-02, P-06).
func TestReadOnlyIsEverywhere(t *testing.T) {
	for _, way := range ioFlags {
		w := newWorld(t)
		w.way = way
		script := `for d in . /tmp $TMPDIR /dev/shm /run /var/tmp $HOME .git $OUT; do (echo x > $d/$NAME-new) 2>/dev/null && echo wrote $d; (mkdir $d/$NAME-dir) 2>/dev/null && echo made $d; done
chmod 777 tracked 2>/dev/null && echo mode; touch -d 2001-01-01 tracked 2>/dev/null && echo time; rm -f tracked 2>/dev/null; test -e tracked || echo removed
ls -la . >/dev/null && cat tracked && git log --oneline | grep -q first && git status --porcelain >/dev/null && git diff >/dev/null && echo looked`
		if r := w.lockstile("run", "--sandbox", "read-only", "--", "bash", "-c", script); r.stdout != "first\nlooked\n" {
			t.Errorf("%q %q", r.stdout, r.stderr)
		}
		for _, dir := range []string{"/tmp", "/dev/shm", w.ws, w.out} {
			if left, err := filepath.Glob(dir + "/" + filepath.Base(w.dir) + "-*"); err != nil || len(left) != 0 {
				t.Errorf("%q %v", left, err)
			}
		}
	}
}

// TestNoResidue checks that a run leaves the workspace as a plain run would, even after a
// kill (P-04).
func TestNoResidue(t *testing.T) {
	p := newPlace(t)
	git(t, p.ws, "init", "-q")
	for i := range 20 {
		cmd := p.command(program, "run", ioFlags[i%len(ioFlags)], "--", "sh", "-c", "sleep 0.02")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i%4 == 0 {
			cmd.Process.Kill()
		}
		cmd.Wait()
	}
	out, err := exec.Command("git", "-C", p.ws, "status", "--porcelain", "--ignored").Output()
	if err != nil || len(out) != 0 {
		t.Errorf("%q %v", out, err)
	}
	entries, err := os.ReadDir(p.ws)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
}

// TestAwkwardPlaces tries names with spaces, other letters and a newline (P-05).
func TestAwkwardPlaces(t *testing.T) {
	for _, name := range []string{"with space", "grüße→日本", "new\nline", "-dash", "$(touch x)", strings.Repeat("l", 200)} {
		for _, way := range ioFlags {
			p := newPlace(t)
			p.way = way
			ws := filepath.Join(p.ws, name)
			mkdir(t, ws+"/.git")
			r := p.lockstile("run", "-C", ws, "--", "sh", "-c", "echo x > new && cat new; echo x > .git/x")
			if r.stdout != "x\n" && !strings.HasPrefix(r.stdout, "x\n") || !exists(ws+"/new") || exists(ws+"/.git/x") {
				t.Errorf("%q: %+v", name, r)
			}
			p.verify()
		}
	}
}

// TestSixteenAtOnce checks that each start has a record, and that no output is mixed up
// (P-25).
func TestSixteenAtOnce(t *testing.T) {
	p := newPlace(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			word := strings.Repeat(string(rune('a'+i)), 100)
			for range 10 {
				if r := p.lockstile("run", "--", "sh", "-c", "echo "+word); r.stdout != word+"\n" || r.code != 0 {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	group.Wait()
	starts := slices.DeleteFunc(p.logLines(), func(l line) bool { return l.Event != "start" })
	if len(starts) != 160 {
		t.Errorf("%d records", len(starts))
	}
	p.verify()
}
