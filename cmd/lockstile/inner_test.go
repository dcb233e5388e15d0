//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestInitIsClosed checks that a command gets nothing from the init. The init's memory is
// a copy of the rest of ours (K-04, K-09).
func TestInitIsClosed(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		script := python(`
for n in ("exe","mem","environ","maps","fd","root","cwd","auxv","syscall","stack","personality","io","timers","map_files"):
  for mode in (os.O_RDONLY,os.O_WRONLY,os.O_PATH):
    try:
      f=os.open("/proc/1/"+n,mode)
      try:
        if mode==os.O_RDONLY and n not in ("fd","map_files") and os.read(f,10): print("had",n)
        if n in ("fd","map_files"):
          for e in os.listdir(f): print("had",n,os.readlink("/proc/1/%s/%s"%(n,e)))
        if mode==os.O_WRONLY: print("opened",n)
        if mode==os.O_PATH and n in ("exe","root","cwd"): print("found",n)
      except OSError: pass
    except OSError: pass
for what in (lambda:call(101,16,1,0,0),lambda:call(302,1,7,ctypes.create_string_buffer(16),0),lambda:call(314,1,ctypes.create_string_buffer(48),0),lambda:os.sched_setaffinity(1,[0]),lambda:os.setpriority(os.PRIO_PROCESS,1,19),lambda:os.kill(1,19),lambda:os.kill(1,9),lambda:call(438,call(434,1,0),0,0)):
  try: what(); print("did",what.__code__.co_firstlineno)
  except OSError: pass`)
		if r := p.sh("workspace-write", script, 0); r.stdout != "done-well\n" {
			t.Errorf("%q %q", r.stdout, r.stderr)
		}
	})
}

// TestServersAreInvisible checks that the host can't reach a socket bound inside (N-19).
func TestServersAreInvisible(t *testing.T) {
	for _, c := range []struct {
		mode    string
		reached bool
	}{{"workspace-write", false}, {"danger-full-access", true}} {
		for _, way := range ioFlags {
			p := newPlace(t)
			p.way = way
			probe, err := net.Listen("tcp", "0.0.0.0:0")
			if err != nil {
				t.Fatal(err)
			}
			port := probe.Addr().(*net.TCPAddr).Port
			probe.Close()
			cmd := p.command(program, "run", "--sandbox", c.mode, "--", "sh", "-c", python(fmt.Sprintf(`
s=socket.create_server(("0.0.0.0",%d)); open("ready","w"); s.settimeout(10)
import time
while not os.path.exists("go"): time.sleep(0.01)`, port)))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			wait(t, p.ws+"/ready")
			conn, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), time.Second)
			if (err == nil) != c.reached {
				t.Errorf("%s: %v", c.mode, err)
			}
			if err == nil {
				conn.Close()
			}
			write(t, p.ws+"/go", "")
			cmd.Wait()
		}
	}
}

// TestRacers turns folders of the workspace into links all the time, as a command of
// another start could. A start must be complete, or refused (F-18).
func TestRacers(t *testing.T) {
	for _, name := range []string{"sub", ".codex", "sub/.git", ".git"} {
		t.Run(strings.ReplaceAll(name, "/", "|"), func(t *testing.T) {
			p := newPlace(t)
			p.way = "--tty=false"
			outside := filepath.Join(p.dir, "outside")
			mkdir(t, outside+"/.git")
			mkdir(t, p.ws+"/sub/.git")
			mkdir(t, filepath.Join(p.ws, name))
			full, spare := filepath.Join(p.ws, name), filepath.Join(p.ws, "spare")
			if err := os.Symlink(outside, spare); err != nil {
				t.Fatal(err)
			}
			stop, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-stop:
						return
					default:
						exchange(full, spare)
					}
				}
			}()
			mounts, ran := hostMounts(t), 0
			for range 50 {
				r := p.lockstile("run", "--", "sh", "-c", "echo x > "+name+"/planted; echo x > "+name+"/.git/planted; true")
				if r.code != 0 && r.code != 126 {
					t.Errorf("%+v", r)
				}
				if r.code == 0 {
					ran++
				}
			}
			close(stop)
			<-done
			t.Logf("%d of 50 ran", ran)
			for _, planted := range []string{"planted", ".git/planted"} {
				if exists(filepath.Join(outside, planted)) {
					t.Errorf("%s is there", planted)
				}
			}
			if now := hostMounts(t); now != mounts {
				t.Error("a mount is left")
			}
			p.verify()
		})
	}
}

// exchange swaps two names (renameat2(2), RENAME_EXCHANGE).
func exchange(a, b string) {
	_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// TestWrongTypes checks that trusted names of another file type start with protection,
// soon, and that no step opens a FIFO (F-20).
func TestWrongTypes(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		mkdir(t, p.ws+"/.envrc")
		write(t, p.ws+"/.vscode", "")
		if err := syscall.Mkfifo(p.ws+"/.mcp.json", 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", p.ws+"/.husky")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		write(t, p.ws+"/.git", "")
		if err := os.Truncate(p.ws+"/.git", 2<<30); err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		r := p.lockstile("run", "--", "sh", "-c", "for i in .envrc .vscode .mcp.json .husky .git; do rm -rf $i; mv -f $i gone; echo x > y; mv -f y $i; done; ls -A")
		if took := time.Since(before); took > patience/2 {
			t.Errorf("it took %v", took)
		}
		for name, kind := range map[string]os.FileMode{".envrc": os.ModeDir, ".vscode": 0, ".mcp.json": os.ModeNamedPipe, ".husky": os.ModeSocket, ".git": 0} {
			if info, err := os.Lstat(filepath.Join(p.ws, name)); err != nil || info.Mode().Type() != kind {
				t.Errorf("%s: %v %v: %q", name, info, err, r.stderr)
			}
		}
	})
}
