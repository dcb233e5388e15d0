//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLeftLinks checks that links under names that lockstile or the next command writes
// later are never followed (F-05).
func TestLeftLinks(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		outside := filepath.Join(p.dir, "outside")
		write(t, outside, "before")
		script := `for n in report.txt sandbox.log config.toml .lockstile.tmp notes tree.x /tmp/lockstile-x $TMPDIR/tree-1 /tmp/tmp /tmp/ws; do ln -sfn ` + outside + ` $n; done; ln -s ` + outside + ` .git; ln -s ` + p.dir + ` .claude`
		p.lockstile("run", "--", "sh", "-c", script)
		p.lockstile("run", "--", "sh", "-c", "echo after > report.txt; true")
		p.lockstile("run", "--sandbox", "read-only", "--", "true")
		if b, err := os.ReadFile(outside); err != nil || string(b) != "before" {
			t.Errorf("%q %v", b, err)
		}
		if exists(p.ws+"/.git") || exists(p.ws+"/.claude") {
			t.Error("a trusted name is there")
		}
		p.verify()
	})
}

// TestWhereItBegins tries a working directory that is a descriptor, a removed working
// directory, and a folder outside of the view (F-11).
func TestWhereItBegins(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		sub := filepath.Join(p.ws, "sub")
		mkdir(t, sub)
		f, err := os.Open(sub)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd := p.command(program, "run", "-C", "/proc/self/fd/3", "--", "sh", "-c", "pwd; cd ../../..; pwd; ls -d ../etc")
		cmd.ExtraFiles = []*os.File{f}
		if r := p.do(cmd); r.code != 126 && !strings.HasPrefix(r.stdout, sub+"\n") {
			t.Errorf("%+v", r)
		}
		gone := filepath.Join(p.ws, "gone")
		mkdir(t, gone)
		r := p.do(p.command("sh", "-c", "cd "+gone+" && rmdir "+gone+" && exec "+program+" run -- pwd"))
		if r.code != 126 || r.stdout != "" {
			t.Errorf("%+v", r)
		}
	}
}

// TestDevicesStay checks that covers and devices can't be replaced (F-21).
func TestDevicesStay(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		script := `for d in null zero tty ptmx .lockstile-empty .lockstile-probe; do rm -f /dev/$d; mv /dev/$d /dev/x; ln -sf /proc/sys/kernel/core_pattern /dev/$d; done; echo x > /dev/null && test -c /dev/null && echo stays`
		r := p.lockstile("run", "--", "sh", "-c", script+" 2>/dev/null")
		if !strings.Contains(r.stdout, "stays") {
			t.Errorf("%+v", r)
		}
	}
}

// TestSetuidPrograms checks that a set-user-ID program gives no rights (K-01). Root makes
// the program, and another user runs it.
func TestSetuidPrograms(t *testing.T) {
	if !root() {
		t.Skip("only root can make one")
	}
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, err := range []error{os.Chmod(dir, 0o755), os.Mkdir(dir+"/ws", 0o755), os.Mkdir(dir+"/home", 0o755), os.Chown(dir+"/ws", 47111, 47111), os.Chown(dir+"/home", 47111, 47111),
		exec.Command("cp", "/bin/dash", dir+"/setuid").Run(), os.Chmod(dir+"/setuid", os.ModeSetuid|0o755), exec.Command("cp", program, dir+"/lockstile").Run()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ mode, want string }{{"danger-full-access", "0\n"}, {"workspace-write", "47111\n"}, {"read-only", "47111\n"}} {
		for _, way := range ioFlags {
			cmd := exec.Command("setpriv", "--reuid", "47111", "--regid", "47111", "--clear-groups", dir+"/lockstile", "run", way, "--sandbox", c.mode, "-C", dir+"/ws", "--", dir+"/setuid", "-p", "-c", "id -u")
			cmd.Env = []string{"HOME=" + dir + "/home", "PATH=/usr/bin:/bin"}
			out, err := cmd.Output()
			if got := strings.ReplaceAll(string(out), "\r", ""); err != nil || got != c.want {
				t.Errorf("%s %s: %q %v", c.mode, way, got, err)
			}
		}
	}
}

// TestStoppedTreesEnd checks that a tree that stops itself and all other processes is
// ended in time (K-06, R-05).
func TestStoppedTreesEnd(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		before := time.Now()
		r := p.lockstile("run", "-c", "limits.wall_seconds=1", "--", "sh", "-c", "sleep 100 & kill -STOP $!; setsid sleep 100 & kill -STOP $!; kill -STOP -1; kill -STOP $$")
		if l := p.lastLine(); r.code != 137 || l.Exceeded == "" || time.Since(before) > patience/2 {
			t.Errorf("%+v %+v", r, l)
		}
		p.verify()
	}
}

// TestHostileEnvironment checks that no program of the workspace runs before the
// confinement (E-07, G-14).
func TestHostileEnvironment(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		canary := filepath.Join(p.dir, "canary")
		for _, name := range []string{"git", "sh", "bwrap", "id", "ldconfig", "getconf"} {
			write(t, filepath.Join(p.ws, name), "#!/bin/sh\necho $0 >> "+canary+"\n")
			if err := os.Chmod(filepath.Join(p.ws, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		mkdir(t, p.ws+"/.git")
		write(t, p.ws+"/.git/config", "[core]\n\tfsmonitor = "+p.ws+"/git\n\thooksPath = "+p.ws+"/hooks\n")
		write(t, p.ws+"/.env", "LOCKSTILE_HOME=./.lockstile\n")
		mkdir(t, p.ws+"/.lockstile")
		write(t, p.ws+"/.lockstile/config.toml", `sandbox_mode = "danger-full-access"`)
		p.env = []string{"PATH=.:" + p.ws + ":" + os.Getenv("PATH"), "LD_PRELOAD=" + p.ws + "/evil.so", "LD_AUDIT=" + p.ws + "/evil.so", "BASH_ENV=" + p.ws + "/git",
			"GODEBUG=x=y", "GCONV_PATH=" + p.ws, "XDG_CONFIG_HOME=" + p.ws, "ENV=" + p.ws + "/git"}
		r := p.lockstile("run", "--", "/bin/true")
		if r.code != 0 || exists(canary) || p.lastStart().Mode != "workspace-write" {
			t.Errorf("%+v", r)
		}
	})
}

// TestStartThatIsHeldUp tries a FIFO as command, links in a circle, and a signal during
// the setup (E-11).
func TestStartThatIsHeldUp(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		fifo := filepath.Join(p.ws, "fifo")
		if err := syscall.Mkfifo(fifo, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("loop", filepath.Join(p.ws, "loop")); err != nil {
			t.Fatal(err)
		}
		for _, cmd := range []string{"./fifo", "./loop", "/proc/self/exe/x"} {
			before := time.Now()
			if r := p.lockstile("run", "--", cmd); r.code != 126 && r.code != 127 || time.Since(before) > patience/2 {
				t.Errorf("%s: %+v", cmd, r)
			}
		}
		for i := range 20 {
			cmd := p.command(program, "run", "--", "sleep", "100")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(i) * 500 * time.Microsecond)
			cmd.Process.Signal(syscall.SIGINT)
			over := make(chan error, 1)
			go func() { over <- cmd.Wait() }()
			select {
			case <-over:
			case <-time.After(patience / 2):
				t.Error("a signal is not obeyed")
				cmd.Process.Kill()
				<-over
			}
		}
		p.verify()
	}
}
