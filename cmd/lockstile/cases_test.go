//go:build linux

package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// caseRow is a program that an agent may start, named by its heading in the project's
// list of cases: F files, N network and IPC, K kernel and processes, E environment and
// descriptors; P are ordinary programs that must work.
//
// A hostile row passes if its effect, seen from outside, is absent under confinement, on
// pipes and in a terminal, and present under danger-full-access: a probe without any
// effect anywhere proves nothing.
type caseRow struct {
	id, script string
	effect     func(w *world, out string) bool
	needs      func() bool // whether the row is possible on the machine; nil for always
}

// world is the outside of a run: things that the program must not reach.
type world struct {
	*place
	out      string // a folder beside the workspace
	canary   *exec.Cmd
	said     string       // the output of the program, or the end of the output
	accepted atomic.Int32 // connections and datagrams
	port     int
}

const secret = "canary-secret-7261"

func newWorld(t *testing.T) *world {
	t.Helper()
	// Not below /tmp and TMPDIR: the view has its own, and would hide the folder.
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-case-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if info, err := os.Lstat(dir + "/ws"); err == nil && info.IsDir() { // a row replaces ws by a link
			_ = os.Chmod(dir+"/ws", 0o700) // a row closes ws
		}
		os.RemoveAll(dir)
	})
	w := &world{place: &place{T: t, dir: dir, ws: dir + "/ws", home: dir + "/home"}, out: dir + "/out"}
	if err := os.CopyFS(dir, os.DirFS(template(t))); err != nil {
		t.Fatal(err)
	}
	w.provideStore()
	w.listen()
	w.canary = exec.Command("sleep", "1007")
	w.canary.Env = []string{"SECRET=" + secret}
	if err := w.canary.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.canary.Process.Kill(); w.canary.Wait() })
	w.env = []string{"OUT=" + w.out, "PORT=" + strconv.Itoa(w.port), "CANARY=" + strconv.Itoa(w.canary.Process.Pid),
		"NAME=" + filepath.Base(dir), "GITHUB_TOKEN=" + secret, "TMPDIR=/tmp", "HOME=" + dir + "/u",
		"FOO=ghp_0123456789abcdefghijklmnopqrstuvwxyz", "PTS=" + w.otherTerminal()}
	if err := os.Link(templateDir+".program", w.out+"/lockstile"); err != nil {
		t.Fatal(err)
	}
	return w
}

var (
	templateOnce sync.Once
	templateDir  string
)

// template makes the common beginning of all worlds, once.
func template(t *testing.T) string {
	t.Helper()
	templateOnce.Do(func() {
		dir, err := os.MkdirTemp("/var/tmp", "lockstile-world-")
		if err != nil {
			t.Fatal(err)
		}
		atTheEnd = append(atTheEnd, dir, dir+".program")
		w := &world{place: &place{T: t, dir: dir, ws: dir + "/ws"}, out: dir + "/out"}
		for _, d := range []string{w.ws, w.out, w.ws + "/.claude"} {
			mkdir(t, d)
		}
		write(t, w.out+"/canary", "canary\n")
		w.repository(w.ws)
		w.repository(w.ws + "/sub")
		write(t, w.ws+"/.envrc", "echo\n")
		w.worktree()
		w.stores()
		templateDir = dir
		b, err := os.ReadFile(program)
		if err == nil {
			err = os.WriteFile(dir+".program", b, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return templateDir
}

// repository makes a repository with a commit.
func (w *world) repository(dir string) {
	w.Helper()
	mkdir(w.T, dir)
	write(w.T, dir+"/tracked", "first\n")
	cmd := exec.Command("sh", "-c", "git init -q --template= && mkdir .git/hooks && git add tracked && git -c user.name=a -c user.email=a@b commit -qm first")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("%v: %s", err, out)
	}
}

// worktree adds the files that git makes for a linked worktree, and files that the
// worktree's configuration may name in the tree.
func (w *world) worktree() {
	w.Helper()
	for path, text := range map[string]string{
		"wt/.git": "gitdir: ../.git/worktrees/wt\n", ".git/worktrees/wt/HEAD": "ref: refs/heads/wt\n",
		".git/worktrees/wt/commondir": "../..\n", ".git/worktrees/wt/gitdir": "../../../wt/.git\n", "tree-hooks/pre-push": "#!/bin/sh\n",
	} {
		mkdir(w.T, filepath.Dir(filepath.Join(w.ws, path)))
		write(w.T, filepath.Join(w.ws, path), text)
	}
	f, err := os.OpenFile(w.ws+"/.git/config", os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString("[include]\n\tpath = ../included.conf\n[core]\n\thooksPath = tree-hooks\n")
	}
	if err = errors.Join(err, f.Close()); err != nil {
		w.Fatal(err)
	}
}

// stores makes a home with credentials.
func (w *world) stores() {
	w.Helper()
	home := w.dir + "/u"
	for _, path := range []string{".ssh/id_test", ".netrc", ".config/gh/hosts.yml", "mine.kdbx", ".codex/auth.json"} {
		mkdir(w.T, filepath.Dir(filepath.Join(home, path)))
		write(w.T, filepath.Join(home, path), secret+"\n")
	}
}

// otherTerminal returns a terminal of the host that belongs to another user.
func (w *world) otherTerminal() string {
	w.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		w.Fatal(err)
	}
	if n == 0 { // inside the sandbox 0 is the command's own
		return w.otherTerminal()
	}
	return "/dev/pts/" + strconv.Itoa(n)
}

// provideStore makes another store when a command waits for a store.
func (w *world) provideStore() {
	home, stop := w.dir+"/u", make(chan struct{})
	w.Cleanup(func() { close(stop) })
	go func() {
		for !exists(w.ws + "/ready") {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
		_ = os.Mkdir(home+"/.aws", 0o700)
		_ = os.WriteFile(home+"/.aws/credentials", []byte(secret), 0o600)
		_ = os.WriteFile(w.ws+"/go", nil, 0o600)
	}()
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
	listeners := []net.Listener{tcp, abstract, path}
	for _, at := range []struct{ network, name string }{{"unix", w.ws + "/s.sock"}, {"unix", w.out + "/s.sock"}, {"unixpacket", w.ws + "/q.sock"}} {
		l, err := net.Listen(at.network, at.name)
		if err != nil {
			w.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	datagrams, err := net.ListenPacket("unixgram", w.ws+"/d.sock")
	if err != nil {
		w.Fatal(err)
	}
	for _, l := range listeners {
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
	for _, c := range []net.PacketConn{udp, datagrams} {
		w.Cleanup(func() { c.Close() })
		go func() {
			for buf := make([]byte, 64); ; {
				if _, _, err := c.ReadFrom(buf); err != nil {
					return
				}
				w.accepted.Add(1)
			}
		}()
	}
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

// run runs a row and reports whether the effect is seen.
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
	if strings.Contains(errs.String(), "lockstile: refused") { // the program tried nothing
		w.Fatal(errs.String())
	}
	w.said = end(out.String()) + end(errs.String())
	return c.effect(w, out.String())
}

// end returns the last 2000 bytes of a text.
func end(text string) string { return text[max(0, len(text)-2000):] }

// TestCases runs the table. With -v, TestCases prints a line for each row that ran;
// scripts/cases.sh makes the table in docs/cases.md from the lines.
func TestCases(t *testing.T) {
	who := "user"
	if root() {
		who = "root"
	}
	for _, c := range hostile {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			if c.needs != nil && !c.needs() {
				t.Logf("| %s | – | – | %s |", c.id, who)
				t.Skip("it isn't possible here at all")
			}
			if !newWorld(t).shows(c) {
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
			t.Parallel()
			if c.needs != nil && !c.needs() {
				t.Logf("| %s | – | – | %s |", c.id, who)
				t.Skip("it isn't possible here at all")
			}
			for _, way := range ioFlags {
				if w := newWorld(t); !w.run(c, way) {
					t.Errorf("%s: it does not work: %s", way, w.said)
				}
			}
			t.Logf("| %s | works | works | %s |", c.id, who)
		})
	}
	if n := len(hostile) + len(ordinary); n < 60 {
		t.Errorf("only %d rows", n)
	}
}

// shows reports whether the probe has its effect without any restriction. A descriptor is
// inherited only if lockstile does not start the command at all.
func (w *world) shows(c caseRow) bool {
	if strings.HasPrefix(c.id, "E-09") {
		b, _ := exec.Command("sh", "-c", "exec 9<<E\n"+secret+"\nE\ncat <&9").Output()
		return c.effect(w, string(b))
	}
	return w.run(c, "--sandbox", "danger-full-access", "--tty", "-c", "shell_environment_policy.ignore_default_excludes=true")
}

// TestCasesAreInTheDocs checks that the table in docs/cases.md has each row, and no
// other.
func TestCasesAreInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/cases.md")
	if err != nil {
		t.Skip("no checkout here")
	}
	var want, got []string
	for _, c := range slices.Concat(hostile, ordinary) {
		want = append(want, c.id)
	}
	for line := range strings.Lines(string(text)) {
		if id, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok && strings.Contains(id, "-") && strings.HasPrefix(line, "| ") {
			got = append(got, id)
		}
	}
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Errorf("%q is not in docs/cases.md, which is what `make cases` prints", id)
		}
	}
	for _, id := range got {
		if !slices.Contains(want, id) {
			t.Errorf("%q is in docs/cases.md, and nowhere else", id)
		}
	}
}
