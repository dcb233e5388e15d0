//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var confined = []string{"workspace-write", "read-only"}

func TestWorkspaceWrite(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		p.sh("workspace-write", "echo in > file && mkdir -p a/b && echo deep > a/b/c && mv a d", 0)
		if b, err := os.ReadFile(filepath.Join(p.ws, "d/b/c")); err != nil || string(b) != "deep\n" {
			t.Errorf("the workspace was not written: %q %v", b, err)
		}
		// The neighbour is the folder of the workspace. The view may show an empty
		// folder, as part of its own /tmp; no file must come out of the view.
		p.lockstile("run", "--", "sh", "-c", "echo x > ../outside")
		p.lockstile("run", "--", "sh", "-c", "echo x > "+p.dir+"/outside2")
		for _, name := range []string{"outside", "outside2"} {
			if exists(filepath.Join(p.dir, name)) {
				t.Errorf("%s was written outside the workspace", name)
			}
		}
		p.verify()
	})
}

func TestReadOnly(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		write(t, filepath.Join(p.ws, "file"), "old\n")
		r := p.sh("read-only", `cat file
		for f in file new /tmp/new /dev/shm/new /run/new "$TMPDIR"/new /dev/new; do
			if sh -c "echo x > $f" 2>/dev/null; then echo "wrote $f"; fi
		done; true`, 0)
		if r.stdout != "old\n" {
			t.Errorf("printed %q, want the file's content alone", r.stdout)
		}
		if exists(filepath.Join(p.ws, "new")) {
			t.Error("the workspace was written")
		}
	})
}

func TestDangerFullAccess(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		p.sh("danger-full-access", "echo x > ../outside; exit 7", 7)
		if !exists(filepath.Join(p.dir, "outside")) {
			t.Error("danger-full-access is confined")
		}
		lines := p.logLines()
		start, end := lines[0], lines[1]
		if start.Rung != "unconfined" || start.Mode != "danger-full-access" || slices.Contains(start.Proven, "seccomp") {
			t.Errorf("the record does not say unconfined: %+v", start)
		}
		if end.Event != "end" || end.Start != start.Seq || end.Exit == nil || *end.Exit != 7 {
			t.Errorf("end line %+v", end)
		}
	})
}

func TestOutsideIsReadable(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		for _, mode := range confined {
			r := p.sh(mode, "cat /etc/os-release | wc -c", 0)
			if strings.TrimSpace(r.stdout) == "0" {
				t.Errorf("%s: /etc can't be read", mode)
			}
		}
	})
}

func TestExitCodes(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		write(t, filepath.Join(p.ws, "plain"), "no program\n")
		for _, mode := range []string{"workspace-write", "read-only", "danger-full-access"} {
			type end struct {
				command string
				code    int
			}
			for _, c := range []end{{"exit 0", 0}, {"exit 3", 3}, {"exit 255", 255}, {"kill -TERM $$", 143}, {"kill -KILL $$", 137}} {
				p.sh(mode, c.command, c.code)
			}
			for _, c := range []end{{"no-such-command-anywhere", 127}, {"./no-such-file", 127}, {"./plain", 126}, {"/", 126}} {
				if r := p.lockstile("run", "--sandbox", mode, "--", c.command); r.code != c.code || !strings.Contains(r.stderr, "lockstile:") {
					t.Errorf("%s %s: exit %d, want %d: %s", mode, c.command, r.code, c.code, r.stderr)
				}
			}
		}
		for _, l := range p.logLines() {
			if l.Event == "end" && l.Exit == nil && l.Signal == "" && l.Error == "" {
				t.Errorf("line %d does not say how the command ended", l.Seq)
			}
		}
		p.verify()
	})
}

func TestUsage(t *testing.T) {
	p := newPlace(t)
	for _, args := range [][]string{{}, {"no-such"}, {"run"}, {"run", "--sandbox", "soft", "--", "true"}, {"run", "--sandbox", "", "--", "true"},
		{"run", "--no-such-flag", "--", "true"}, {"log", "-n", "-1"}, {"log", "verify", "more"}} {
		if r := p.lockstile(args...); r.code != 2 || r.stderr == "" {
			t.Errorf("%q: exit %d, want 2: %s", args, r.code, r.stderr)
		}
	}
	for _, args := range [][]string{{"help"}, {"run", "--help"}, {"log", "-h"}, {"log", "verify", "-h"}, {"version"}, {"--version"}} {
		if r := p.lockstile(args...); r.code != 0 || r.stdout == "" {
			t.Errorf("%q: exit %d: %s", args, r.code, r.stderr)
		}
	}
	if r := p.lockstile("run", "-C", "/no/such/folder", "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "hint:") {
		t.Errorf("a workspace that is not there: exit %d: %s", r.code, r.stderr)
	}
}

func TestStreamsAndWhatIsInherited(t *testing.T) {
	p := newPlace(t)
	p.env = []string{"SOME_VALUE=kept"}
	cmd := p.command(program, "run", "--", "sh", "-c", `cat; echo "$SOME_VALUE" "$(pwd)" >&2`)
	cmd.Stdin = strings.NewReader("input\x00with\nbytes")
	r := p.do(cmd)
	if r.stdout != "input\x00with\nbytes" || r.stderr != "kept "+p.ws+"\n" {
		t.Errorf("stdout %q, stderr %q", r.stdout, r.stderr)
	}
	// A Go program raises its limit of open files; the command gets the caller's limit.
	cmd = p.command("sh", "-c", `ulimit -Sn 321; exec "$0" run -- sh -c 'ulimit -Sn; grep SigIgn /proc/self/status; grep SigBlk /proc/self/status; umask'`, program)
	if r := p.do(cmd); !strings.HasPrefix(r.stdout, "321\n") || !strings.Contains(r.stdout, "SigBlk:\t0000000000000000") {
		t.Errorf("limits and signals: %q", r.stdout)
	}
	r = p.sh("workspace-write", "ls /proc/self/fd", 0)
	if got := strings.Fields(r.stdout); !slices.Equal(got, []string{"0", "1", "2", "3"}) { // descriptor 3 is ls's own
		t.Errorf("open descriptors %q", got)
	}
}

func TestOtherFolder(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		other := filepath.Join(p.dir, "other place")
		if err := os.Mkdir(other, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(other, filepath.Join(p.dir, "link")); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{other, "../other place", "../link"} {
			r := p.lockstile("run", "-C", dir, "--", "sh", "-c", "pwd; echo x > new")
			if r.code != 0 || r.stdout != other+"\n" || !exists(filepath.Join(other, "new")) {
				t.Errorf("-C %s: exit %d, %q %s", dir, r.code, r.stdout, r.stderr)
			}
			os.Remove(filepath.Join(other, "new"))
		}
	})
}

func TestPrivateFolders(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		tmp := filepath.Join(p.dir, "tmpdir")
		if err := os.Mkdir(tmp, 0o755); err != nil {
			t.Fatal(err)
		}
		p.env = []string{"TMPDIR=" + tmp}
		name := filepath.Base(p.dir) + "-private"
		p.sh("workspace-write", "echo one > /tmp/"+name+" && mkdir -p $TMPDIR && echo two > $TMPDIR/"+name, 0)
		if exists("/tmp/"+name) || exists(filepath.Join(tmp, name)) {
			t.Error("a private folder is the host's")
		}
		if r := p.sh("workspace-write", "cat /tmp/"+name+" $TMPDIR/"+name, 0); r.stdout != "one\ntwo\n" {
			t.Errorf("private folders do not last over the workspace's commands: %q", r.stdout)
		}
		other := filepath.Join(p.dir, "other")
		if err := os.Mkdir(other, 0o755); err != nil {
			t.Fatal(err)
		}
		if r := p.lockstile("run", "-C", other, "--", "cat", "/tmp/"+name); r.code == 0 {
			t.Error("another workspace sees the private /tmp")
		}
		write(t, filepath.Join(p.home, "secret"), "x")
		p.sh("workspace-write", "test ! -e "+filepath.Join(p.home, "sandbox.log")+" && test ! -e "+filepath.Join(p.home, "secret"), 0)
	})
}

func TestHostIsOutOfReach(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		for _, mode := range confined {
			p.sh(mode, `
			for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/sys/vm/drop_caches; do
				if sh -c "echo lockstile-test > $f" 2>/dev/null; then echo "wrote $f"; exit 1; fi
			done
			test "$(ls /proc | grep -c '^[0-9]')" -lt 10 || { echo sees the processes of the host; exit 1; }
			! mount -t tmpfs none /mnt 2>/dev/null || exit 1
			! unshare -U true 2>/dev/null || exit 1
			! kill -0 1 2>/dev/null || { echo can signal the init; exit 1; }
			echo null > /dev/null && head -c 4 /dev/urandom > /dev/null`, 0)
		}
	})
}

// TestFoldersThatTheViewReplaces checks that a replaced folder of the view can be looked
// at, but can't be a writable workspace.
func TestFoldersThatTheViewReplaces(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		for _, dir := range []string{"/", "/run"} {
			if r := p.lockstile("run", "--sandbox", "read-only", "-C", dir, "--", "pwd"); r.code != 0 || r.stdout != dir+"\n" {
				t.Errorf("read-only in %s: exit %d: %s%s", dir, r.code, r.stdout, r.stderr)
			}
			if r := p.lockstile("run", "-C", dir, "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "hint: ") {
				t.Errorf("workspace-write in %s: exit %d: %s", dir, r.code, r.stderr)
			}
		}
	})
}

// TestOddNames tries workspaces whose names mountinfo escapes.
func TestOddNames(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		for _, name := range []string{"with space", "tab\tnewline\n", `back\040slash`, "é #"} {
			dir := filepath.Join(p.dir, name)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, mode := range confined {
				if r := p.lockstile("run", "--sandbox", mode, "-C", dir, "--", "true"); r.code != 0 {
					t.Errorf("%s in %q: exit %d: %s", mode, name, r.code, r.stderr)
				}
			}
		}
	})
}
