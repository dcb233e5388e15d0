//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// trustCase is a way by which a program of the host obeys what a command can write.
type trustCase struct {
	name   string
	setup  string // of the host's user, in the workspace; $D is the folder around
	attack string // of the command, in the workspace; $PAY is a program that leaves a mark
	obey   string // of the host's user, in the workspace: the mark must not come
}

const (
	newRepository = "git init -q .; git commit -q --allow-empty -m x; "
	hookText      = `printf "%s" "$PAY" > `
)

// trustCases are the classes: links below a guarded folder, links on the way, what git's
// configuration names, and what lies above or around the workspace.
var trustCases = []trustCase{
	{"a hook is a link", newRepository + "mkdir scripts; echo '#!/bin/sh' > scripts/h; chmod +x scripts/h; ln -s ../../scripts/h .git/hooks/post-checkout",
		hookText + "scripts/h", "git checkout -q -B y"},
	{"a hook is an absent link", newRepository + "mkdir scripts; ln -s ../../scripts/h .git/hooks/post-checkout",
		hookText + "scripts/h; chmod +x scripts/h", "git checkout -q -B y"},
	{"a link on the way of a hook", newRepository + "mkdir -p a/b; ln -s a now; echo '#!/bin/sh' > a/b/h; chmod +x a/b/h; ln -s ../../now/b/h .git/hooks/post-checkout",
		"rm now; mkdir -p c/b; " + hookText + "c/b/h; chmod +x c/b/h; ln -s c now", "git checkout -q -B y"},
	{"the folder of hooks by a link", newRepository + "mkdir v1; ln -s v1 hooks; git config core.hooksPath hooks",
		"rm hooks; mkdir v2; " + hookText + "v2/post-checkout; chmod +x v2/*; ln -s v2 hooks", "git checkout -q -B y"},
	{"the folder around a link is renamed", newRepository + "mkdir -p t/v1; ln -s v1 t/hooks; git config core.hooksPath t/hooks",
		"mv t u; mkdir -p t/hooks; " + hookText + "t/hooks/post-checkout; chmod +x t/hooks/*", "git checkout -q -B y"},
	{"an included file names hooks", newRepository + "mkdir gh; printf '[core]\\n\\thooksPath = gh\\n' > team; git config include.path ../team",
		hookText + "gh/post-checkout; chmod +x gh/*", "git checkout -q -B y"},
	{"an absent file is included", newRepository + "git config include.path ../team",
		"mkdir gh; " + hookText + "gh/post-checkout; chmod +x gh/*; printf '[core]\\n\\thooksPath = gh\\n' > team", "git checkout -q -B y"},
	{"a condition comes true", newRepository + "mkdir gh; printf '[core]\\n\\thooksPath = gh\\n' > team; git config includeIf.onbranch:y.path ../team",
		hookText + "gh/post-checkout; chmod +x gh/*", "git checkout -q -B y; git checkout -q -B y"},
	{"a filter lies in the tree", newRepository + "mkdir tools; printf '#!/bin/sh\\ncat\\n' > tools/f; chmod +x tools/f; git config filter.c.clean ./tools/f; echo '*.t filter=c' > .gitattributes; echo a > a.t; git add .",
		hookText + "tools/f; echo b > a.t", "git status"},
	{"an argument of an alias", newRepository + "mkdir tools; echo : > tools/a.sh; git config alias.x '!sh tools/a.sh'",
		hookText + "tools/a.sh", "git x"},
	{"the user's hooks", newRepository + "mkdir mine; git config --global core.hooksPath \"$PWD/mine\"",
		hookText + "mine/post-checkout; chmod +x mine/*", "git checkout -q -B y"},
	{"the user's configuration is a link", newRepository + "mkdir dot; mv \"$HOME/.gitconfig\" dot/gitconfig; ln -s \"$PWD/dot/gitconfig\" \"$HOME/.gitconfig\"",
		"mkdir h; " + hookText + "h/post-checkout; chmod +x h/*; printf '[core]\\n\\thooksPath = %s/h\\n' \"$PWD\" >> dot/gitconfig", "git checkout -q -B y"},
	{"the repository above", "cd ..; git init -q .; git commit -q --allow-empty -m x; mkdir ws/hooks; git config core.hooksPath ws/hooks",
		hookText + "hooks/post-checkout; chmod +x hooks/*", "cd ..; git checkout -q -B y"},
	{"a module's hook", newRepository + "git init -q sub; git -C sub commit -q --allow-empty -m x; mkdir -p .git/modules run; mv sub/.git .git/modules/sub; echo 'gitdir: ../.git/modules/sub' > sub/.git; git -C sub config core.hooksPath ../run",
		hookText + "run/post-checkout; chmod +x run/*", "git -C sub checkout -q -B y"},
	{"a worktree's hook", newRepository + "git worktree add -q wt -b wt; git config core.hooksPath own",
		"mkdir -p wt/own; " + hookText + "wt/own/post-checkout; chmod +x wt/own/*", "git -C wt checkout -q -B y"},
	{"direnv's file by links", "mkdir e; echo : > e/v1; ln -s v1 e/now; ln -s e/now .envrc",
		"rm e/now; " + hookText + "e/v2; ln -s v2 e/now", "sh ./.envrc"},
	{"the user's rc file", "mkdir dot; echo : > dot/rc; ln -s \"$PWD/dot/rc\" \"$HOME/.bashrc\"",
		hookText + "dot/rc", "sh \"$HOME/.bashrc\""},
	{"direnv's file above", "echo : > env; ln -s ws/env ../.envrc",
		hookText + "env", "sh ../.envrc"},
	{"an editor's file above", "echo : > tasks; mkdir ../.vscode; ln -s ../ws/tasks ../.vscode/tasks.json",
		hookText + "tasks", "sh ../.vscode/tasks.json"},
	{"a link in a folder of the home", "mkdir dot; echo : > dot/fish; mkdir -p \"$HOME/.config/fish\"; ln -s \"$PWD/dot/fish\" \"$HOME/.config/fish/config.fish\"",
		hookText + "dot/fish", "sh \"$HOME/.config/fish/config.fish\""},
	{"a folder below a folder", newRepository + "mkdir -p tools/bin; echo : > tools/bin/f; git config alias.x '!cd tools && cd bin && sh ./f'",
		hookText + "tools/bin/f", "git x"},
	{"hooks in the current folder", newRepository + "mkdir hk; git config core.hooksPath /proc/self/cwd/hk",
		hookText + "hk/post-checkout; chmod +x hk/*", "git checkout -q -B y"},
	{"an address that is rewritten", newRepository + "mkdir mirror; git config url.\"$PWD/mirror/\".insteadOf gh:; git config remote.origin.url gh:repo",
		"git init -q --bare mirror/repo; " + hookText + "mirror/repo/hooks/post-receive; chmod +x mirror/repo/hooks/*", "git push -q origin HEAD"},
	{"a new bare repository", "true",
		"mkdir objects refs sub; echo 'ref: refs/heads/main' > HEAD; printf '[core]\\nrepositoryformatversion=0\\nbare=false\\nworktree=%s/sub\\nfsmonitor=%s/f\\n' \"$PWD\" \"$PWD\" > config; " + hookText + "f; chmod +x f", "git status"},
	{"a new repository whose objects lie elsewhere", "true",
		"mkdir -p c/objects c/refs sub; echo 'ref: refs/heads/main' > HEAD; echo c > commondir; printf '[core]\nrepositoryformatversion=1\nfsmonitor=%s/f\n[extensions]\nworktreeConfig=true\n' \"$PWD\" > c/config; printf '[core]\nbare=false\nworktree=%s/sub\n' \"$PWD\" > config.worktree; " + hookText + "f; chmod +x f", "git status"},
	{"a bare repository without hooks", "git init -q --bare --template= .; git config core.bare false; git config core.worktree \"$D/tree\"; mkdir \"$D/tree\"; git commit -q --allow-empty -m x",
		"mkdir hooks; " + hookText + "hooks/post-checkout; chmod +x hooks/*", "git checkout -q -B y"},
}

// TestHostObeysNoCommand checks from outside that no program of the host runs what a command
// wrote.
func TestHostObeysNoCommand(t *testing.T) {
	for _, c := range trustCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if p := c.attackOutside(t); !exists(p.dir + "/mark") {
				t.Fatal("without a sandbox the attack does nothing")
			}
			for _, way := range ioFlags {
				p := c.prepare(t)
				p.way = way
				p.lockstile("run", "--", "sh", "-c", c.attack)
				p.asHost(c.obey)
				if exists(p.dir + "/mark") {
					t.Errorf("%s: a program of the host ran what the command wrote", way)
				}
				p.verify()
			}
		})
	}
}

func (c trustCase) prepare(t *testing.T) *place {
	p := newPlace(t)
	mkdir(t, p.dir+"/user")
	p.env = append(p.env, "HOME="+p.dir+"/user", "XDG_CONFIG_HOME=", "D="+p.dir, "PAY=#!/bin/sh\ntouch "+p.dir+"/mark\n",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z")
	p.asHost("git config --global user.name a; git config --global user.email a@b; git config --global init.defaultBranch main; " + c.setup)
	return p
}

// attackOutside runs the attack without a sandbox.
func (c trustCase) attackOutside(t *testing.T) *place {
	p := c.prepare(t)
	p.asHost(c.attack)
	p.asHost(c.obey)
	return p
}

// asHost runs a script as the host's user, in the workspace.
func (p *place) asHost(script string) {
	p.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Env = p.ws, append(os.Environ(), p.env...)
	out, err := cmd.CombinedOutput()
	if err != nil && testing.Verbose() {
		p.Logf("%s: %v %s", script, err, out)
	}
}

// TestTakenBackIsKept checks the store: a list, the way back, and the end.
func TestTakenBackIsKept(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		long := strings.Repeat("n", 250)
		p.asHost("git init -q .; mkdir tools; git config core.hooksPath tools/" + long)
		// Each in a start of its own: the third name ends a command.
		r := p.lockstile("run", "--", "sh", "-c", "mkdir .vscode; echo x > .vscode/settings.json; chmod 0500 .vscode; true")
		for _, script := range []string{"ln -s a .envrc", "mkdir tools/" + long} {
			p.lockstile("run", "--", "sh", "-c", script)
		}
		if got := names(t, p.ws); !slices.Equal(got, []string{".git", "tools"}) || len(names(t, p.ws+"/tools")) != 0 {
			t.Errorf("left are %q, %q\n%s", got, names(t, p.ws+"/tools"), r.stderr)
		}
		list := p.lockstile("takeback")
		if n := strings.Count(list.stdout, "\n"); n != 3 || !strings.Contains(list.stdout, "folder  "+p.ws+"/.vscode\n") || !strings.Contains(list.stdout, "link    "+p.ws+"/.envrc\n") {
			t.Errorf("%+v", list)
		}
		name, _, _ := strings.Cut(list.stdout, " ")
		if !strings.Contains(r.stderr, "lockstile takeback restore "+name) {
			t.Errorf("%s isn't told: %s", name, r.stderr)
		}
		if r := p.lockstile("takeback", "restore", p.ws+"/.vscode"); r.code != 0 || !exists(p.ws+"/.vscode/settings.json") {
			t.Errorf("%+v", r)
		}
		if r := p.lockstile("run", "--", "sh", "-c", "chmod u+w .vscode; rm -rf .vscode; mv .vscode x; ln -s b .mcp.json"); !exists(p.ws + "/.vscode/settings.json") {
			t.Errorf("the user's own went: %+v", r)
		}
		if r := p.lockstile("takeback", "restore", p.ws+"/.mcp.json"); r.code != 0 || !exists(p.ws+"/.mcp.json") {
			t.Errorf("%+v", r)
		}
		p.asHost("touch .envrc")
		if r := p.lockstile("takeback", "restore", p.ws+"/.envrc"); r.code == 0 || !strings.Contains(r.stderr, "is there again") {
			t.Errorf("%+v", r)
		}
		if r := p.lockstile("takeback", "clear", "--older", "1h", "--yes"); r.stdout != "removed: 0\n" {
			t.Errorf("%+v", r)
		}
		if r := p.lockstile("takeback", "clear", "--yes"); r.stdout != "removed: 2\n" || len(names(t, p.home+"/takeback")) != 0 {
			t.Errorf("%+v", r)
		}
		p.verify()
	})
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// fullDisk fills a small file system until no name can be renamed, with the last name in
// place of a file that is needed no more.
const fullDisk = `
import os
os.symlink("evil.sh","xenvrc"); open("evil.sh","w").write("echo hi\n"); open("gapfil","w"); f=open("big","wb")
for size in (1<<20,1<<16,1024,512,1):
    try:
        while True: os.write(f.fileno(),b"x"*size)
    except OSError: pass
n=0
for size in range(200,0,-4):
    while n<20000:
        name="%x"%n
        if len(name)>size: break
        try: os.link("evil.sh",name.ljust(size,"z")); n+=1
        except FileExistsError: n+=1
        except OSError: break
os.unlink("gapfil"); os.rename("xenvrc",".envrc")
`

// TestTakenBackFromFullDisk checks that no room for a name is no way to keep a name.
func TestTakenBackFromFullDisk(t *testing.T) {
	if !root() {
		t.Skip("needs root, for a small file system")
	}
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-full-")
	if err != nil {
		t.Fatal(err)
	}
	p := &place{T: t, dir: dir, ws: dir + "/ws", home: dir + "/home"}
	t.Cleanup(func() { os.RemoveAll(dir) })
	disk, image := p.ws, dir+"/image"
	mkdir(t, disk)
	p.asHost("dd if=/dev/zero of=" + image + " bs=1M count=24 status=none; mkfs.ext4 -q -b 1024 -N 3000 " + image)
	if out, err := exec.Command("mount", "-o", "loop", image, p.ws).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("%v %s", err, out)
		}
	})
	// Not as root, for whom a part of the file system is kept free.
	mkdir(t, p.ws+"/in")
	for _, at := range []string{dir, disk, disk + "/in"} {
		if err := os.Chmod(at, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	p.ws = filepath.Join(p.ws, "in")
	write(t, p.dir+"/fill.py", fullDisk)
	cmd := p.command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "run", "--", "python3", p.dir+"/fill.py")
	out, err := cmd.CombinedOutput()
	if !exists(p.ws + "/big") {
		t.Fatalf("the command did not run: %v %s", err, out)
	}
	if _, err := os.Lstat(p.ws + "/.envrc"); err == nil {
		t.Errorf(".envrc is there: %v %s", cmd.ProcessState, out)
	}
	if !strings.Contains(string(out), "removed: "+p.ws+"/.envrc") {
		t.Errorf("it isn't told: %s", out)
	}
}

// TestLeadIsExplained checks that a name that is read-only because of another file is
// explained by that file.
func TestLeadIsExplained(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	p.asHost("git init -q .; git config alias.x '!sh tools/f'; mkdir tools; echo f > tools/f")
	if r := p.lockstile("run", "--", "sh", "-c", "echo x > tools/f"); !strings.Contains(r.stderr, p.ws+"/tools/f may not be written, since "+p.ws+"/.git/config leads to "+p.ws+"/tools/f") {
		t.Errorf("%+v", r)
	}
	if r := p.lockstile("run", "--", "mv", "tools", "t"); !strings.Contains(r.stderr, p.ws+"/tools can't be renamed or removed, since the folder holds the protected name f") {
		t.Errorf("%+v", r)
	}
	if r := p.lockstile("explain", "write", "tools/f"); !strings.Contains(r.stdout, "denied") || !strings.Contains(r.stdout, `"`+p.ws+`/.git/config" leads to "`+p.ws+`/tools/f"`) {
		t.Errorf("%+v", r)
	}
}
