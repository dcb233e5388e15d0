//go:build linux

package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// git runs git on the host.
func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=u", "-c", "user.email=u@x", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// TestNestedRepositories checks that existing repositories are guarded at the start, at
// any depth and of any kind.
func TestNestedRepositories(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		deep := strings.Repeat("d/", 40)
		for _, dir := range []string{"main", "vendor/b", deep + "r"} {
			mkdir(t, filepath.Join(p.ws, dir))
			git(t, filepath.Join(p.ws, dir), "init", "-q")
			git(t, filepath.Join(p.ws, dir), "commit", "-q", "--allow-empty", "-m", "x")
		}
		git(t, p.ws+"/main", "worktree", "add", "-q", "../wt")
		git(t, p.ws+"/main", "submodule", "--quiet", "add", p.ws+"/vendor/b", "sm")
		git(t, p.ws, "init", "-q", "--separate-git-dir", "plain-dir", "apart")
		git(t, p.ws, "init", "-q", "--bare", "docs/bare")
		write(t, p.ws+"/main/sm/.envrc", "x")
		gone := map[string]string{
			"echo x > vendor/b/.git/hooks/post-commit":                      "vendor/b/.git/hooks/post-commit",
			"echo x > " + deep + "r/.git/hooks/x":                           deep + "r/.git/hooks/x",
			"mv vendor v; mkdir -p vendor/b/.git/hooks":                     "vendor/b/.git/hooks/nothing",
			"mv d e; mkdir -p " + deep + "r/.git":                           "e",
			"mkdir " + deep + "r/.claude":                                   deep + "r/.claude",
			"echo x > wt/.envrc":                                            "wt/.envrc",
			"mkdir vendor/b/.vscode":                                        "vendor/b/.vscode",
			"rm -f wt/.git; mkdir wt/.git":                                  "wt/.git/x",
			"echo x > main/.git/worktrees/wt/x":                             "main/.git/worktrees/wt/x",
			"echo x > main/.git/modules/sm/x":                               "main/.git/modules/sm/x",
			"rm -f main/sm/.git; mkdir main/sm/.git; echo > main/sm/.git/x": "main/sm/.git/x",
			"rm main/sm/.envrc; ln -s x main/sm/.husky":                     "main/sm/.husky",
			"echo x > plain-dir/hooks/x":                                    "plain-dir/hooks/x",
			"mv plain-dir q":                                                "q",
			"echo x > docs/bare/hooks/x":                                    "docs/bare/hooks/x",
			"mv docs q; mkdir docs":                                         "q",
		}
		for _, script := range slices.Sorted(maps.Keys(gone)) {
			p.lockstile("run", "--", "sh", "-c", script)
			if exists(filepath.Join(p.ws, gone[script])) {
				t.Errorf("%s: %s is there", script, gone[script])
			}
		}
		for _, there := range []string{"vendor/b/.git/HEAD", deep + "r/.git/HEAD", "main/sm/.envrc", "plain-dir/HEAD", "wt/.git", "main/sm/.git"} {
			if info, err := os.Lstat(filepath.Join(p.ws, there)); err != nil || !info.Mode().IsRegular() {
				t.Errorf("%s: %v", there, err)
			}
		}
		p.verify()
	})
}

// TestTrustedLinks checks that a link among the trusted names stays, and that its target
// can't be written.
func TestTrustedLinks(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		mkdir(t, p.ws+"/agents")
		write(t, p.ws+"/agents/f", "before")
		for name, to := range map[string]string{".claude": "agents", ".codex": "/etc", ".vscode": "later", ".idea": ".idea"} {
			if err := os.Symlink(to, filepath.Join(p.ws, name)); err != nil {
				t.Fatal(err)
			}
		}
		r := p.lockstile("run", "--", "sh", "-c", `cat .claude/f; for i in .claude .codex .vscode .idea; do rm -f $i; mv $i gone; ln -sfn /tmp $i; mkdir $i; done; mv agents a; echo after > .claude/f; echo after > agents/f; mkdir later; echo x > later/tasks.json`)
		for name, to := range map[string]string{".claude": "agents", ".codex": "/etc", ".vscode": "later", ".idea": ".idea"} {
			if got, err := os.Readlink(filepath.Join(p.ws, name)); err != nil || got != to {
				t.Errorf("%s leads to %q, %v (%s)", name, got, err, r.stderr)
			}
		}
		if b, err := os.ReadFile(p.ws + "/agents/f"); err != nil || string(b) != "before" || exists(p.ws+"/later") {
			t.Errorf("%q, %v; %q", b, err, r.stderr)
		}
		if !strings.HasPrefix(r.stdout, "before") {
			t.Errorf("%q %q", r.stdout, r.stderr)
		}
	})
}

// TestPointersThatLeadNowhere checks that no command can make what a pointer leads to, and
// that no pointer keeps a start from running.
func TestPointersThatLeadNowhere(t *testing.T) {
	for text, made := range map[string]string{"gitdir: ..\n": "hooks", "gitdir: evil": "sub/evil", "gitdir: ../other": "other/config", "gitdir: not/there/at/all": "sub/not", "gitdir: /": "", "gitdir: ../../nothing": "", "nonsense": "", "": ""} {
		p := newPlace(t)
		mkdir(t, p.ws+"/sub")
		mkdir(t, p.ws+"/other")
		write(t, p.ws+"/sub/.git", text)
		r := p.lockstile("run", "--", "sh", "-c", "mkdir "+made+"; touch other/free free")
		if r.code != 0 || !exists(p.ws+"/free") || !exists(p.ws+"/other/free") {
			t.Errorf("%q: %+v", text, r)
		}
		if made != "" && exists(p.ws+"/"+made) {
			t.Errorf("%q: %s is there", text, made)
		}
	}
}

// TestOtherTrustedNames tries a name by pattern, a bare repository at the root, and a
// name in another case.
func TestOtherTrustedNames(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		r := p.lockstile("run", "--", "sh", "-c", "echo x > x.code-workspace; mkdir objects refs; echo ref: > HEAD; mkdir .GIT; chmod 555 .")
		for _, name := range []string{"x.code-workspace", "HEAD", ".GIT"} {
			if exists(filepath.Join(p.ws, name)) || !strings.Contains(r.stderr, name) || !slices.Contains(p.lastLine().Denied, filepath.Join(p.ws, name)) {
				t.Errorf("%s: %q %+v", name, r.stderr, p.lastLine())
			}
		}
		p.verify()
	})
}

// TestNewTrust checks that hand-off names may be made, and are reported, and that
// unchanged names are not.
func TestNewTrust(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		write(t, p.ws+"/AGENTS.md", "old")
		write(t, p.ws+"/conftest.py", "old")
		time.Sleep(50 * time.Millisecond) // what is older than a tick of the kernel's clock is no news
		r := p.lockstile("run", "--", "sh", "-c", "git init -q sub/new; git init -q --bare x/bare; echo new >> AGENTS.md; mkdir .cargo; echo > .cargo/config.toml; echo > plain; cat conftest.py; mkdir sub/.husky")
		want := []string{".cargo/config.toml", "AGENTS.md", "sub/.husky", "sub/new/.git", "x/bare"}
		for i := range want {
			want[i] = filepath.Join(p.ws, want[i])
		}
		got := slices.Sorted(slices.Values(p.lastLine().NewTrust()))
		if !slices.Equal(got, want) || !strings.Contains(r.stderr+r.stdout, "sub/new/.git") {
			t.Errorf("%q, want %q; %q", got, want, r.stderr)
		}
		// The next start knows the new names, and guards them like others.
		p.lockstile("run", "--", "sh", "-c", "echo x > sub/new/.git/hooks/x; echo x > x/bare/config; mkdir sub/new/.claude")
		if exists(p.ws+"/sub/new/.git/hooks/x") || exists(p.ws+"/sub/new/.claude") || len(p.lastLine().NewTrust()) != 0 {
			t.Errorf("%+v", p.lastLine())
		}
	})
}

// TestHostFIFOs checks that with the network off no FIFO of the host can be opened, and
// that the FIFO stays.
func TestHostFIFOs(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		mkdir(t, p.ws+"/sub")
		for _, name := range []string{"f", "sub/f"} {
			full := filepath.Join(p.ws, name)
			if err := syscall.Mkfifo(full, 0o600); err != nil {
				t.Fatal(err)
			}
			// The FIFO's other end, or an open would wait.
			end, err := os.OpenFile(full, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer end.Close()
			if _, err := end.WriteString("canary\n"); err != nil {
				t.Fatal(err)
			}
		}
		script := "head -n1 f; head -n1 sub/f; mkfifo own; (echo own-fifo > own &); cat own; rm -f own f; echo x > sub/f"
		if r := p.lockstile("run", "--", "sh", "-c", script); strings.Contains(r.stdout, "canary") || !strings.Contains(r.stdout, "own-fifo") || !exists(p.ws+"/f") {
			t.Errorf("%q %q", r.stdout, r.stderr)
		}
		if r := p.lockstile("run", "-c", "sandbox_workspace_write.network_access=true", "--", "sh", "-c", "head -n1 f"); !strings.Contains(r.stdout, "canary") {
			t.Errorf("the probe doesn't work: %q %q", r.stdout, r.stderr)
		}
	})
}

// TestFilesWithTwoNames checks that the record and doctor report a file with a second
// name, since a mount guards only one name.
func TestFilesWithTwoNames(t *testing.T) {
	p := newPlace(t)
	mkdir(t, p.ws+"/.git/hooks")
	write(t, p.ws+"/.git/config", "")
	write(t, p.ws+"/.envrc", "")
	write(t, p.ws+"/.git/hooks/pre-push", "")
	for file, other := range map[string]string{".git/config": "a", ".envrc": "b", ".git/hooks/pre-push": "c"} {
		if err := os.Link(filepath.Join(p.ws, file), filepath.Join(p.ws, other)); err != nil {
			t.Fatal(err)
		}
	}
	p.lockstile("run", "--", "true")
	want := []string{p.ws + "/.envrc", p.ws + "/.git/config", p.ws + "/.git/hooks/pre-push"}
	if got := p.logLines()[0].Linked; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if r := p.lockstile("doctor"); !strings.Contains(r.stdout, p.ws+"/.git/config") {
		t.Errorf("doctor: %+v", r)
	}
}
