//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// repository makes the workspace a repository with a commit.
func (p *place) repository() {
	p.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		p.Skip("no command can commit on this machine: chmod 666 /dev/fuse")
	} else {
		f.Close()
	}
	p.env = append(p.env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	p.host("git init -q -b main; git config user.name a; git config user.email a@b; echo a > a; git add a; git commit -qm first")
}

// host runs a script on the host.
func (p *place) host(script string) string {
	p.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = p.ws, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// gitRecord is the part of a line about the git directory.
type gitRecord struct {
	Event string
	Git   *struct {
		Dir, Commit, Why, Kept, Error string
		Refs                          []struct{ Name, Old, New string }
		Refused                       []struct {
			Name, Why string
			Count     int
		}
	}
}

func (p *place) gitRecords() (out []gitRecord) {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.home, "sandbox.log"))
	if err != nil {
		p.Fatal(err)
	}
	for l := range strings.Lines(string(text)) {
		var r gitRecord
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			p.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// TestGitWork runs git's work in the sandbox, and checks the repository on the host.
func TestGitWork(t *testing.T) {
	for name, script := range map[string]string{
		"commit":    "echo b > b; git add b; git commit -qm second; git commit -q --amend -m again; git status; git stash list",
		"branches":  "git switch -qc y; echo c > c; git add c; git commit -qm y; git switch -q main; git merge -q --no-edit y; git branch -m y z; git branch -D z; git tag t; git tag -d t",
		"rebase":    "git switch -qc y; echo c > c; git add c; git commit -qm y; git switch -q main; echo d > d; git add d; git commit -qm d; git rebase -q y; git reset -q --hard HEAD~1; git stash; git cherry-pick y@{0} || git cherry-pick --skip",
		"stash":     "echo b >> a; git stash -q; git stash pop -q; git checkout -q a; git notes add -m n; git reflog; git bisect start; git bisect reset",
		"worktree":  "git worktree add -q wt -b w; cd wt; echo w > w; git add w; git commit -qm w; cd ..; git worktree remove wt",
		"push":      "git init -q --bare up.git; git push -q ./up.git main; git fetch -q ./up.git main; git clone -q . cl; cd cl; git log",
		"gc":        "for i in 1 2 3; do echo $i > f; git add f; git commit -qm $i; done; git gc -q; git repack -adq; git pack-refs --all; git prune",
		"submodule": "git init -q sub0; cd sub0; echo x > x; git add x; git -c user.name=a -c user.email=a@b commit -qm x; cd ..; git -c protocol.file.allow=always submodule add -q ./sub0 sub1; git commit -qm sub",
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				p.repository()
				before := p.host("cat .git/config | grep -v '^.submodule\\|active\\|url'; find .git/hooks .git/info -type f ! -name refs -exec sha1sum {} +")
				p.sh("workspace-write", "set -e\n"+script, 0)
				if after := p.host("cat .git/config | grep -v '^.submodule\\|active\\|url'; find .git/hooks .git/info -type f ! -name refs -exec sha1sum {} +"); after != before {
					t.Errorf("%s\nwas\n%s", after, before)
				}
				if text := p.host("git fsck 2>&1; find .git -name '*.lock'; git status --short"); strings.Contains(text, "error") || strings.Contains(text, ".lock") {
					t.Error(text)
				}
			})
		})
	}
}

// TestGitAttacks checks that nothing that git on the host obeys can be written, whichever
// way the command takes.
func TestGitAttacks(t *testing.T) {
	for name, script := range map[string]string{
		"hook":      "echo x > .git/hooks/pre-commit",
		"config":    "git config core.fsmonitor 'touch ran'",
		"commondir": "echo ../x > .git/commondir",
		"index":     `python3 -c 'import hashlib,struct,os; n=b".git/hooks/x"; e=struct.pack(">10I",0,0,0,0,0,0,0o100644,0,0,0)+b"1"*20+struct.pack(">H",len(n))+n; e+=b"\0"*(8-len(e)%8); b=b"DIRC"+struct.pack(">II",2,1)+e; open(".git/index.lock","wb").write(b+hashlib.sha1(b).digest()); os.rename(".git/index.lock",".git/index")'`,
		"moved":     "mv .git old; mkdir .git; cp -r old/* .git",
		"above":     "mount --bind / .git; umount .git",
		"by /proc":  "echo x > /proc/1/cwd/.git/hooks/x; echo x > /proc/self/root/$PWD/.git/hooks/x",
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				p.repository()
				before := p.host("find .git -type f ! -path '*/objects/*' ! -name '*.lock' -exec sha1sum {} + | sort")
				if r := p.lockstile("run", "--", "sh", "-c", script); r.code == 0 {
					t.Errorf("%s\n%s%s", script, r.stdout, r.stderr)
				}
				if after := p.host("find .git -type f ! -path '*/objects/*' ! -name '*.lock' -exec sha1sum {} + | sort"); after != before {
					t.Errorf("%s\n%s\nwas\n%s", script, after, before)
				}
			})
		})
	}
}

// TestGitRecord checks what the record says about a repository.
func TestGitRecord(t *testing.T) {
	p := newPlace(t)
	p.repository()
	p.sh("workspace-write", "git commit -q --allow-empty -m x; echo x > .git/hooks/x; git branch gone; true", 0)
	r := p.gitRecords()
	if g := r[0].Git; g == nil || g.Commit != "on" || g.Dir != p.ws+"/.git" || g.Kept == "" {
		t.Errorf("%+v", g)
	}
	g := r[1].Git
	if g == nil || len(g.Refs) != 2 || g.Refs[0].Name != "refs/heads/gone" || g.Refs[0].Old != "" || g.Refs[1].Name != "refs/heads/main" || len(g.Refs[1].Old) != 40 {
		t.Errorf("%+v", g)
	}
	if g == nil || len(g.Refused) != 1 || g.Refused[0].Name != "hooks/x" || g.Error != "" {
		t.Errorf("%+v", g)
	}
}

// TestGitSettings checks git.commit, and each reason why a repository is not served.
func TestGitSettings(t *testing.T) {
	const commit = "git commit -q --allow-empty -m x"
	bothWays(t, func(t *testing.T, p *place) {
		p.repository()
		off := func(why string, code int, args ...string) {
			t.Helper()
			r := p.lockstile(append(append([]string{"run"}, args...), "--", "sh", "-c", commit)...)
			records := p.gitRecords()
			if g := records[len(records)-2].Git; r.code != code || g == nil || g.Commit != "off" || !strings.Contains(g.Why, why) {
				t.Errorf("%s: exit %d, %+v\n%s", why, r.code, g, r.stderr)
			}
		}
		off("git.commit is false", 128, "-c", "git.commit=false")
		if r := p.lockstile("run", "--sandbox", "read-only", "-c", "git.commit=true", "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "(git directory)") {
			t.Errorf("read-only: exit %d, %s", r.code, r.stderr)
		}
		p.host("mv .git g; echo 'gitdir: g' > .git")
		off("leads to another folder", 128)
		if r := p.lockstile("run", "-c", "git.commit=true", "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "(git directory)") {
			t.Errorf("a file: exit %d, %s", r.code, r.stderr)
		}
	})
}

// TestGitWithoutFUSE checks a machine without the device: auto is read-only and says so,
// true is refused with the mend.
func TestGitWithoutFUSE(t *testing.T) {
	p := newPlace(t)
	p.repository()
	script := `mount --bind /etc/hostname /dev/fuse && exec "$0" run "$@"`
	in := func(args ...string) result {
		outer := []string{"--mount", "--", "sh", "-c", script, program}
		if os.Geteuid() != 0 {
			outer = append([]string{"--user", "--map-current-user", "--keep-caps"}, outer...)
		}
		return p.do(p.command("unshare", append(outer, args...)...))
	}
	if r := in("--", "git", "commit", "-q", "--allow-empty", "-m", "x"); r.code != 128 {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if g := p.gitRecords()[0].Git; g == nil || g.Commit != "off" || !strings.Contains(g.Why, "/dev/fuse") {
		t.Errorf("%+v", g)
	}
	if r := in("-c", "git.commit=true", "--", "touch", "ran"); r.code != 126 || !strings.Contains(r.stderr, "(git directory)") || !strings.Contains(r.stderr, "chmod 666 /dev/fuse") || exists(p.ws+"/ran") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

// TestGitDirectoryIsMissed leaves the git directory's file system out.
func TestGitDirectoryIsMissed(t *testing.T) {
	for _, io := range []string{"pipes", "terminal"} {
		p := newPlace(t)
		p.repository()
		if got := p.refusedAs(p.leaveOut("workspace-write", io, "LOCKSTILE_LEAVE_OUT=git directory")); got.Restriction != "git directory" {
			t.Errorf("%s: %+v", io, got)
		}
	}
}

// TestGitModules checks that .gitmodules can name submodules, and that content by which
// git would do more is taken back, with the file of before in its place.
func TestGitModules(t *testing.T) {
	const good = "[submodule \"s\"]\n\tpath = s\n\turl = ./s\n"
	for name, c := range map[string]struct{ before, script, after string }{
		"new":           {"", "cat > .gitmodules <<E\n" + good + "E", good},
		"bad":           {"", "printf '[submodule \"s\"]\\n\\tupdate = !touch x\\n' > .gitmodules", ""},
		"bad before":    {good, "printf '[submodule \"s\"]\\n\\tupdate = !touch x\\n' >> .gitmodules", good},
		"outside":       {good, "printf '[submodule \"t\"]\\n\\tpath = ../x\\n' >> .gitmodules", good},
		"link":          {good, "rm .gitmodules; ln -s a .gitmodules", good},
		"removed":       {good, "rm .gitmodules", ""},
		"odd of before": {"[alias]\n\tx = !y\n", "printf '[submodule \"s\"]\\n\\tpath = s\\n' >> .gitmodules", "[alias]\n\tx = !y\n[submodule \"s\"]\n\tpath = s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				p.repository()
				if c.before != "" {
					write(t, p.ws+"/.gitmodules", c.before)
				}
				p.sh("workspace-write", c.script, 0)
				got, err := os.ReadFile(p.ws + "/.gitmodules")
				if string(got) != c.after || os.IsNotExist(err) != (c.after == "") {
					t.Errorf("%q, want %q: %v", got, c.after, err)
				}
				bad := name != "new" && name != "removed" && name != "odd of before"
				if l := p.lastLine(); (len(l.Denied) > 0) != bad {
					t.Errorf("denied %q, new %q", l.Denied, l.NewTrust())
				}
			})
		})
	}
}

// TestGitUndo checks that refs are put back, after a yes.
func TestGitUndo(t *testing.T) {
	p := newPlace(t)
	p.repository()
	p.host("git branch old; git branch kept")
	before := p.host("git for-each-ref")
	p.sh("workspace-write", "git commit -q --allow-empty -m x; git branch -D old; git branch new; git branch -m kept other", 0)
	undo := func(answer string, args ...string) result {
		cmd := p.command(program, append([]string{"git", "undo"}, args...)...)
		cmd.Stdin = strings.NewReader(answer)
		return p.do(cmd)
	}
	if r := undo("n\n", "1"); r.code != 1 || !strings.Contains(r.stdout, "refs/heads/old") || p.host("git for-each-ref") == before {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := undo("y\n", "1"); r.code != 0 || p.host("git for-each-ref; git fsck 2>&1") != before {
		t.Errorf("exit %d: %s%s\n%s, want\n%s", r.code, r.stdout, r.stderr, p.host("git for-each-ref"), before)
	}
	if log := p.host("git reflog show old"); !strings.Contains(log, "branch: Created") {
		t.Errorf("the log is %q", log)
	}
	p.host("git commit -q --allow-empty -m later")
	if r := undo("", "--yes", "1"); r.code != 1 || !strings.Contains(r.stderr, "refs/heads/main stays") {
		t.Errorf("a ref that moved since: exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	for _, wrong := range []string{"2", "99"} {
		if r := undo("", "--yes", wrong); r.code != 1 || !strings.Contains(r.stderr, "no start with the number") {
			t.Errorf("%s: exit %d: %s", wrong, r.code, r.stderr)
		}
	}
}

// TestGitInit checks new repositories: one that git itself could have made stays, and any
// other is taken back.
func TestGitInit(t *testing.T) {
	const commit = "git init -q -b main; git config user.name a; git config user.email a@b; echo a > a; git add a; git commit -qm first; "
	for name, c := range map[string]struct {
		script string
		stays  string // the git directory, if it stays
		gone   string // a name that may not stay
	}{
		"init":           {commit, ".git", ""},
		"late":           {commit + "sleep 0.5; git commit -q --allow-empty -m x", ".git", ""},
		"empty":          {"mkdir .git", "", ".git"},
		"hook":           {commit + "echo x > .git/hooks/pre-commit", "", ".git"},
		"monitor":        {commit + "git config core.fsmonitor 'touch ran'", "", ".git"},
		"monitor later":  {commit + "sleep 0.5; git config core.fsmonitor 'touch ran'; sleep 1", "", ".git"},
		"attributes":     {commit + "echo '* filter=x' > .git/info/attributes", "", ".git"},
		"entry":          {commit + "echo x > .envrc.x; git update-index --add --cacheinfo 100644,$(git hash-object -w a),.envrc", "", ".git"},
		"other spelling": {"mkdir .GIT; git init -q x; cp -r x/.git/. .GIT", "", ".GIT"},
		"file":           {"mkdir d; git init -q --bare d/r; echo 'gitdir: d/r' > .git", "", ".git"},
		"link":           {"git init -q d; ln -s d/.git .git", "", ".git"},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, p *place) {
				p.env = append(p.env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
				r := p.lockstile("run", "--", "sh", "-c", c.script)
				l := p.lastLine()
				if c.stays != "" && (r.code != 0 || p.host("git log --oneline | wc -l; git fsck 2>&1") == "0\n" || len(l.Denied) > 0 || !slices.Contains(l.NewTrust(), p.ws+"/"+c.stays)) {
					t.Errorf("exit %d, denied %q, new %q\n%s", r.code, l.Denied, l.NewTrust(), r.stderr)
				}
				if c.gone != "" && (exists(p.ws+"/"+c.gone) || !slices.Contains(l.Denied, p.ws+"/"+c.gone)) {
					t.Errorf("exit %d, denied %q, new %q\n%s", r.code, l.Denied, l.NewTrust(), r.stderr)
				}
			})
		})
	}
}

// TestGitNested checks new repositories below a workspace that is one.
func TestGitNested(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		p.repository()
		p.sh("workspace-write", "git clone -q . good; git init -q bad; git -C bad config core.fsmonitor x; mkdir lead; echo gitdir: $PWD/bad/x > lead/.git; git init -q hooked; echo x > hooked/.git/hooks/post-checkout", 0)
		l := p.lastLine()
		for _, name := range []string{"bad", "lead", "hooked"} {
			if exists(p.ws+"/"+name+"/.git") || !slices.Contains(l.Denied, p.ws+"/"+name+"/.git") {
				t.Errorf("%s is there; denied %q", name, l.Denied)
			}
		}
		if !exists(p.ws+"/good/.git") || !slices.Contains(l.NewTrust(), p.ws+"/good/.git") {
			t.Errorf("good is gone; denied %q, new %q", l.Denied, l.NewTrust())
		}
	})
}

// TestGitObstacles checks that content that may not stand in the git directory is named
// with the reason.
func TestGitObstacles(t *testing.T) {
	p := newPlace(t)
	p.repository()
	r := p.sh("workspace-write", "git config core.fsmonitor true", 4)
	if want := "lockstile: " + p.ws + "/.git/config may not have that content: the section [core] has the key fsmonitor"; !strings.Contains(r.stderr, want) || strings.Count(r.stderr, "lockstile: ") != 1 {
		t.Errorf("%q, want %q", r.stderr, want)
	}
}

// TestGitLinkedWorktree checks a workspace that is a linked worktree: the common directory
// takes what the worktree needs, and nothing of the other worktrees.
func TestGitLinkedWorktree(t *testing.T) {
	for _, way := range ioFlags {
		p := newPlace(t)
		p.way = way
		top, err := os.MkdirTemp("/var/tmp", "lockstile-git-") // a private /tmp hides the common directory
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(top) })
		p.ws = top + "/main"
		mkdir(t, p.ws)
		p.repository()
		p.host("git worktree add -q ../wt -b wt; git branch other; touch ../wt/../out")
		main := p.ws
		p.ws = top + "/wt"
		before := p.host("cd ../main; sha1sum .git/HEAD .git/index .git/config; find .git/hooks -type f -exec sha1sum {} +")
		p.sh("workspace-write", "set -e; echo x > x; git add x; git commit -qm x; git status; git stash list; git tag t; git switch -qc next; git rebase -q main", 0)
		for _, attack := range []string{
			"echo x > " + main + "/.git/hooks/pre-commit", "echo x > " + main + "/.git/HEAD", "echo ../x > " + main + "/.git/worktrees/wt/commondir", "echo x > " + main + "/.git/worktrees/wt/gitdir",
			"cp " + main + "/.git/worktrees/wt/index " + main + "/.git/index", "echo gitdir: x > .git", "rm -f .git", "touch " + main + "/y", "git config core.fsmonitor x",
		} {
			if r := p.lockstile("run", "--", "sh", "-c", attack); r.code == 0 {
				t.Errorf("%s: %s", attack, r.stderr)
			}
		}
		if after := p.host("cd ../main; sha1sum .git/HEAD .git/index .git/config; find .git/hooks -type f -exec sha1sum {} +"); after != before {
			t.Errorf("%s\nwas\n%s", after, before)
		}
		if text := p.host("git log --oneline | wc -l; git fsck 2>&1"); !strings.HasPrefix(text, "2\n") || strings.Contains(text, "error") {
			t.Error(text)
		}
		if g := p.gitRecords()[0].Git; g == nil || g.Commit != "on" || g.Dir != main+"/.git" {
			t.Errorf("%+v", g)
		}
		// A .git that names a worktree which doesn't name the workspace is not served.
		p.host("mkdir ../odd; cp .git ../odd/.git")
		p.ws = top + "/odd"
		if r := p.lockstile("run", "--", "git", "commit", "--allow-empty", "-qm", "x"); r.code == 0 {
			t.Error("an odd .git is served")
		}
	}
}

// TestGitKilled kills lockstile in the middle of git's work: the repository stays whole.
func TestGitKilled(t *testing.T) {
	p := newPlace(t)
	p.repository()
	for round := range 8 {
		cmd := p.command(program, "run", "--", "sh", "-c", "touch go; i=0; while :; do i=$((i+1)); echo $i > f; git add f; git commit -qm $i; git branch -f b; git gc -q; done")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p.awaitFile(p.ws + "/go")
		time.Sleep(time.Duration(30+round*37) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text := p.host("rm -f go; sleep 0.2; find .git -name '*.lock' -delete; git fsck 2>&1; git log --oneline >/dev/null; find .git -name '.lockstile*'"); strings.Contains(text, "error") || strings.Contains(text, "missing") || strings.Contains(text, "fatal") {
			t.Errorf("round %d: %s", round, text)
		}
	}
}
