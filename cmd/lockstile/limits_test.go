//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// forkBomb tries to have a thousand more processes, or threads, at a time, and no more.
const forkBomb = `
n=0
for i in range(1000):
  try:
    if os.fork()==0:
      import time; time.sleep(30); os._exit(0)
    n+=1
  except OSError: break
print("forked",n,flush=True); os._exit(0)`

const threadBomb = `
import threading,time
n=0
for i in range(1000):
  try:
    threading.Thread(target=time.sleep,args=(2,),daemon=True).start(); n+=1
  except RuntimeError: break
print("forked",n,flush=True); os._exit(0)`

// TestProcessesAreBounded checks that the processes never exceed the limit, and that the
// host starts other processes meanwhile.
func TestProcessesAreBounded(t *testing.T) {
	for name, code := range map[string]string{"processes": forkBomb, "threads": threadBomb} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				r := p.lockstile("run", "-c", "limits.processes=400", "--", "sh", "-c", python(code))
				var n int
				if _, err := fmt.Sscanf(r.stdout[max(strings.Index(r.stdout, "forked"), 0):], "forked %d", &n); err != nil || n < 350 || n > 400 {
					t.Errorf("%d came to be: %+v", n, r)
				}
				if r := p.lockstile("run", "--", "sh", "-c", python(code)); !strings.Contains(r.stdout, "forked 1000") {
					t.Errorf("the probe doesn't work: %+v", r)
				}
			})
		})
	}
}

// TestMemoryIsBounded checks that a tree beyond the limit is ended, and that the log says
// why.
func TestMemoryIsBounded(t *testing.T) {
	for name, script := range map[string]string{
		"one":     python(`x=bytearray(2<<30)` + "\nimport time; time.sleep(20)"),
		"many":    "for i in 1 2 3 4; do " + python(`x=bytearray(200<<20)`+"\nimport time; time.sleep(20)") + " & done; wait",
		"daemons": "for i in 1 2 3 4; do setsid " + python(`x=bytearray(200<<20)`+"\nimport time; time.sleep(20)") + " & done; sleep 20",
		"files":   "head -c 200M /dev/zero > /dev/shm/a; head -c 400M /dev/zero > /run/b; sleep 20",
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				r := p.lockstile("run", "-c", "limits.memory_mb=400", "--", "sh", "-c", script+"; echo all")
				if l := p.lastLine(); !strings.HasPrefix(l.Exceeded, "memory") && name != "files" {
					t.Errorf("%+v: the log says %+v", r, l)
				}
				if strings.Contains(r.stdout, "all") && name != "files" {
					t.Errorf("%+v", r)
				}
				// A cgroup counts files in memory as well.
				if name == "files" && !strings.Contains(r.stdout+r.stderr, "No space left") && !strings.HasPrefix(p.lastLine().Exceeded, "memory") {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// TestOtherLimits tries the limits of file size, of open files, of processor time, and of
// time.
func TestOtherLimits(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		p.lockstile("run", "-c", "limits.file_size_mb=1", "--", "sh", "-c", "head -c 3M /dev/zero > f; true")
		if info, err := os.Stat(filepath.Join(p.ws, "f")); err != nil || info.Size() != 1<<20 {
			t.Errorf("%+v %v", info, err)
		}
		if r := p.lockstile("run", "-c", "limits.open_files=32", "--", "sh", "-c", "ulimit -Hn; ulimit -Sn; ulimit -n 64 2>/dev/null && echo more"); r.stdout != "32\n32\n" {
			t.Errorf("%+v", r)
		}
		if r := p.lockstile("run", "-c", "limits.cpu_seconds=1", "--", "sh", "-c", "while :; do :; done"); r.code != 137 && r.code != 152 {
			t.Errorf("%+v", r)
		}
		r := p.lockstile("run", "-c", "limits.wall_seconds=1", "--", "sh", "-c", "trap '' TERM INT HUP; sleep 30 & sleep 30")
		if l := p.lastLine(); r.code != 137 || l.Exceeded != "wall time: 1 s" || way != "--tty" && !strings.Contains(r.stderr, "wall time: 1 s") {
			t.Errorf("%+v %+v", r, l)
		}
		if r := p.lockstile("run", "-c", "limits.processes=5", "--", "true"); r.code != 2 && r.code != 126 || !strings.Contains(r.stderr, "limits.processes") {
			t.Errorf("%+v", r)
		}
	}
}

// TestSharedPools checks that a command that takes as much as possible of a user's shared
// resources leaves a share for the host.
func TestSharedPools(t *testing.T) {
	const take = `
c=ctypes.CDLL(None,use_errno=True); n=0
while c.inotify_init1(0)>=0: n+=1
q=0
class V(ctypes.Structure): _fields_=[("v",ctypes.c_void_p),("signo",ctypes.c_int),("notify",ctypes.c_int),("pad",ctypes.c_int*12)]
e=V(None,34,0); i=ctypes.c_int()
while c.timer_create(1,ctypes.byref(e),ctypes.byref(i))==0: q+=1
t=[]
try:
    while len(t)<1000: t.append(os.open("/dev/ptmx",os.O_RDWR|os.O_NOCTTY))
except OSError: pass
print("took",n,q,len(t),flush=True)
try: os.read(0,1)
except OSError: pass`
	const one = `import ctypes,sys
c=ctypes.CDLL(None); i=ctypes.c_int()
sys.exit(not (c.inotify_init1(0)>=0 and c.timer_create(1,None,ctypes.byref(i))==0))`
	p := newPlace(t)
	takes := func() (instances int, end func()) {
		cmd := p.command(program, "run", "--tty=false", "--", "sh", "-c", "ulimit -n 100000; "+python(take))
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var timers, terminals int
		if _, err := fmt.Fscanf(out, "took %d %d %d\n", &instances, &timers, &terminals); err != nil || instances == 0 || timers == 0 || terminals == 0 || terminals > 256 {
			t.Errorf("%v: it took %d, %d and %d", err, instances, timers, terminals)
		}
		return instances, func() {
			in.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
	}
	var ends []func()
	var all []int
	for range 3 {
		instances, end := takes()
		ends, all = append(ends, end), append(all, instances)
	}
	if all[1] > all[0]/2 || all[2] > max(all[1]/2, 4) {
		t.Errorf("the commands take %d", all)
	}
	if said, err := exec.Command("python3", "-c", one).CombinedOutput(); err != nil {
		t.Errorf("after %d nothing is left: %v %s", all, err, said)
	}
	ends[0]()
	if again, end := takes(); again != all[0] {
		t.Errorf("a share that is free is %d, was %d", again, all[0])
	} else {
		end()
	}
	ends[1]()
	ends[2]()
}

// TestGuardWithoutWatch checks a start whose user has no inotify instance left: a name is
// taken back while the command runs all the same.
func TestGuardWithoutWatch(t *testing.T) {
	const command = "mkdir sub; cd sub; git init -q .; cd ..; sleep 0.3; mkdir .vscode; i=0; while test -d .vscode && test $i -lt 100; do sleep 0.1; i=$((i+1)); done; test ! -d .vscode && echo gone"
	p := newPlace(t)
	script := "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\""
	r := p.do(p.command("unshare", "--user", "--map-root-user", "--", "sh", "-c", script, program, "run", "--tty=false", "--", "sh", "-c", command))
	if r.stdout != "gone\n" || !strings.Contains(r.stderr, "taken back: "+p.ws+"/.vscode") {
		t.Errorf("%+v", r)
	}
}

// TestNoLeases checks that no command can have a program of the host wait by a lease, or
// watch folders by fcntl(2).
func TestNoLeases(t *testing.T) {
	const try = `import fcntl
f=os.open("f",os.O_CREAT|os.O_RDWR); d=os.open(".",os.O_RDONLY)
for fd,call in ((f,1024),(d,1026)):
    try: fcntl.fcntl(fd,call,1); print("let through")
    except PermissionError: print("denied")`
	p := newPlace(t)
	for mode, want := range map[string]string{"workspace-write": "denied\ndenied\ndone-well\n", "danger-full-access": "let through\nlet through\ndone-well\n"} {
		if r := p.lockstile("run", "--tty=false", "--sandbox", mode, "--", "sh", "-c", python(try)); r.stdout != want {
			t.Errorf("%s: %+v", mode, r)
		}
	}
}
