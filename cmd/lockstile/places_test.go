//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFileSystemsOfWorkspaces tries workspaces in memory, on an overlay as in containers,
// and on a bind mount.
func TestFileSystemsOfWorkspaces(t *testing.T) {
	for name, script := range map[string]string{
		"tmpfs":   `mount -t tmpfs none . && cd $PWD && mkdir w`,
		"overlay": `mount -t tmpfs none . && cd $PWD && mkdir l u k w && mount -t overlay o -o lowerdir=l,upperdir=u,workdir=k,userxattr w`,
		"bind":    `mkdir w && mount --bind w w`,
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				script := "cd " + p.ws + "; " + script
				if out, err := exec.Command("unshare", "-rm", "sh", "-ec", script).CombinedOutput(); err != nil {
					t.Skipf("no such file system here: %s", out)
				}
				inside := "echo x > a && mv a b && mkdir -p .git sub/dir && cat b; ls -A"
				r := p.inMachine(script, "run", "-C", p.ws+"/w", "--", "sh", "-c", inside)
				if r.code != 0 || !strings.HasPrefix(r.stdout, "x\n") || !strings.Contains(r.stdout, "sub") {
					t.Errorf("%+v", r)
				}
				if l := p.lastLine(); len(l.Denied) != 1 {
					t.Errorf("%+v", l)
				}
			})
		})
	}
}

// TestClosedStreams checks that a command always has three streams: closed streams lead
// nowhere.
func TestClosedStreams(t *testing.T) {
	p := newPlace(t)
	for _, closed := range []string{"<&-", ">&-", "2>&-", "<&- >&- 2>&-"} {
		r := p.do(p.command("sh", "-c", program+` run -- sh -c 'cat; echo out; echo err >&2; for i in 0 1 2; do readlink /proc/self/fd/$i; done > files' `+closed+" </dev/null "+closed))
		if r.code != 0 {
			t.Errorf("%s: %+v", closed, r)
		}
		text, err := os.ReadFile(filepath.Join(p.ws, "files"))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(text); strings.Count(got, "\n") != 3 || strings.Contains(got, "sandbox.log") {
			t.Errorf("%s: %q", closed, got)
		}
	}
}

// TestTemporaryFolders tries starts without TMPDIR, with an absent TMPDIR, and with an
// impossible TMPDIR.
func TestTemporaryFolders(t *testing.T) {
	for value, want := range map[string]int{"": 0, "/none": 0, "relative": 0, "/": 126, "/tmp/../etc": 126, "/var": 126, "a\nb": 0} {
		p := newPlace(t)
		p.env = []string{"TMPDIR=" + value}
		if r := p.lockstile("run", "--", "sh", "-c", "TMPDIR=/tmp mktemp && ! touch /etc/lockstile-test"); r.code != want || want != 0 && !strings.Contains(r.stderr, "TMPDIR") {
			t.Errorf("%q: %+v", value, r)
		}
	}
}
