//go:build linux

package gitfs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("GITFS_INSIDE"); dir != "" {
		inside(dir, os.Args[1:])
	}
	os.Exit(m.Run())
}

// device is the path of a usable /dev/fuse, "" for none.
func device(t *testing.T) string {
	t.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err == nil {
		f.Close()
		return "/dev/fuse"
	}
	t.Skip("/dev/fuse can't be used by this user: chmod 666 /dev/fuse")
	return ""
}

// inside mounts the file system on dir, sends the device to the test, and becomes a
// command.
func inside(dir string, argv []string) {
	must := func(what string, err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, what+":", err)
			os.Exit(125)
		}
	}
	const socket = 3
	must("private", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must("open /dev/fuse", err)
	must("mount", unix.Mount("lockstile", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d,default_permissions", fd, os.Getuid(), os.Getgid())))
	must("send", unix.Sendmsg(socket, []byte{1}, unix.UnixRights(fd), nil, 0))
	_, err = unix.Read(socket, make([]byte, 1))
	must("wait", err)
	unix.Close(fd)
	unix.Close(socket)
	must("chdir", os.Chdir(filepath.Dir(dir)))
	must("no new privileges", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	hdr, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	must("capabilities", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
	for c := range uintptr(41) {
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	must("capabilities", unix.Capset(&hdr, &data[0]))
	path, err := exec.LookPath(argv[0])
	must("find", err)
	os.Unsetenv("GITFS_INSIDE")
	must("exec", unix.Exec(path, argv, os.Environ()))
}

// ground is a repository with a workspace.
type ground struct {
	*testing.T
	ws, home string
}

func newGround(t *testing.T) ground {
	t.Helper()
	g := ground{t, filepath.Join(t.TempDir(), "ws"), t.TempDir()}
	if err := os.Mkdir(g.ws, 0o755); err != nil {
		t.Fatal(err)
	}
	g.git("init", "-q", "-b", "main")
	g.host("echo a > a; git add a; git commit -qm first")
	return g
}

func (g ground) environ() []string {
	return append(os.Environ(), "HOME="+g.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b", "GIT_EDITOR=true")
}

func (g ground) git(args ...string) string {
	g.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = g.ws, g.environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// host runs a script without the file system.
func (g ground) host(script string) string {
	g.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = g.ws, g.environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// run runs a script inside, and returns the output, whether the script failed, and the
// report.
func (g ground) run(script string) (string, bool, Report) {
	g.Helper()
	device(g.T)
	dir := filepath.Join(g.ws, ".git")
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		g.Fatal(err)
	}
	defer unix.Close(pair[0])
	var out bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "sh", "-c", script)
	cmd.Env = append(g.environ(), "GITFS_INSIDE="+dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(pair[1]), "")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}, AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN}}
	if err := cmd.Start(); err != nil {
		g.Fatal(err)
	}
	cmd.ExtraFiles[0].Close()
	oob, b := make([]byte, 64), make([]byte, 1)
	_, k, _, _, err := unix.Recvmsg(pair[0], b, oob, unix.MSG_CMSG_CLOEXEC)
	messages, _ := unix.ParseSocketControlMessage(oob[:max(k, 0)])
	if err != nil || len(messages) == 0 {
		_ = cmd.Wait()
		g.Fatalf("no device: %v\n%s", err, out.String())
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		g.Fatal(err)
	}
	s := New(fds[0], g.folder(), "")
	s.Serve()
	s.Begin(g.folder(), filepath.Join(g.home, "kept"))
	s.Release()
	_, _ = unix.Write(pair[0], []byte{1})
	err = cmd.Wait()
	report, finishErr := s.Finish()
	if finishErr != nil {
		g.Error(finishErr)
	}
	return out.String(), err != nil, report
}

func (g ground) folder() *Folder {
	g.Helper()
	f, err := Look(g.ws, filepath.Join(g.ws, ".git"), "", nil)
	if err != nil {
		g.Fatal(err)
	}
	return f
}

// TestWork runs git's work inside, and then asks git on the host.
func TestWork(t *testing.T) {
	for name, script := range works {
		t.Run(name, func(t *testing.T) {
			g := newGround(t)
			out, failed, report := g.run("set -e\n" + script)
			if failed {
				t.Errorf("%s\n%s\n%+v", script, out, report.Denied)
			}
			if fsck := g.host("git fsck --strict 2>&1; git status --short >/dev/null; find .git -name '*.lock' -o -name '.lockstile*'"); strings.Contains(fsck, "error") || strings.Contains(fsck, "lock") {
				t.Error(fsck)
			}
			t.Logf("%s%+v", out, report)
		})
	}
}

var works = map[string]string{
	"commit":    "echo b > b; git add b; git commit -qm second; git commit --amend -qm again; git status",
	"branches":  "git branch x; git switch -qc y; echo c > c; git add c; git commit -qm y; git switch -q main; git branch -m x z; git branch -D z; git branch -f y main~0; git tag t; git tag -a -m ann u; git tag -d t",
	"log paths": "git branch l; git branch -D l; git branch l/m; git branch -D l/m >&2; test ! -e .git/logs/refs/heads/l/m; git branch l; git branch -D l",
	"merge":     "git switch -qc y; echo c > c; git add c; git commit -qm y; git switch -q main; echo d > d; git add d; git commit -qm d; git merge -q --no-edit y; git revert --no-edit HEAD -m 1",
	"rebase":    "git switch -qc y; echo c > c; git add c; git commit -qm y; echo d > d; git add d; git commit -qm y2; git switch -q main; echo e > e; git add e; git commit -qm e; git switch -q y; git rebase -q main; git rebase -q -i HEAD~1; git cherry-pick y~1 || git cherry-pick --skip",
	"stash":     "echo b >> a; git stash -q; git stash list; git stash pop -q; git stash -q; git stash drop -q",
	"gc":        "for i in 1 2 3; do echo $i > f; git add f; git commit -qm $i; done; git gc -q; git repack -adq; git prune; git pack-refs --all; git reflog expire --expire=now --all; git fsck",
	"notes":     "git notes add -m n; git notes show; git notes remove; git reflog; git bisect start; git bisect bad; git bisect good || true; git bisect reset",
	"reset":     "echo b > b; git add b; git commit -qm b; git reset -q --hard HEAD~1; git reset -q --soft HEAD@{1}; git checkout -q HEAD~1; git checkout -q main; git restore --staged .; git rm -q --cached a; git add a; git mv a aa",
	"worktree":  "git worktree add -q ../ws/wt -b w; cd wt; echo w > w; git add w; git commit -qm w; cd ..; git worktree list; git worktree remove wt; git worktree prune",
	"push":      "git init -q --bare ../ws/up.git; git push -q ./up.git main; git fetch -q ./up.git main; git pull -q ./up.git main; git clone -q . cl",
	"rename":    "git config branch.main.remote .; git config branch.main.merge refs/heads/main; git pull -q; git branch --unset-upstream",
	"amend":     "git commit -q --allow-empty -m e; git commit -q --allow-empty --fixup HEAD; git rebase -q -i --autosquash HEAD~2; git archive HEAD > x.tar; echo f > f; git add f; git commit -qm f; git format-patch -q -1; git reset -q --hard HEAD~1; git am -q 0001*",
	"sparse":    "mkdir s; echo x > s/x; git add s; git commit -qm s; git sparse-checkout init; git sparse-checkout set s; git sparse-checkout disable",
	"split":     "git update-index --split-index; echo q > q; git add q; git commit -qm q; git update-index --no-split-index; git maintenance run --task=commit-graph; git multi-pack-index write || true",
	"submodule": "git init -q ../ws/sub0; cd sub0; echo x > x; git add x; git commit -qm x; cd ..; git -c protocol.file.allow=always submodule add -q ./sub0 sub1; git commit -qm sub; git submodule update -q --init; cd sub1; echo y > y; git add y; git commit -qm y",
}
