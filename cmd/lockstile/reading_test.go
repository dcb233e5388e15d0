//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newHome gives a place a user's home of its own, with stores, and moves the place to a
// folder where the view shows the host's files.
func newHome(p *place) string {
	p.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-test-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { os.RemoveAll(dir) })
	p.dir, p.ws, p.home = dir, filepath.Join(dir, "ws"), filepath.Join(dir, "home")
	mkdir(p.T, p.ws)
	home := filepath.Join(p.dir, "u")
	for path, text := range map[string]string{
		".ssh/id": "canary", ".netrc": "canary", ".config/gh/hosts.yml": "canary", "x.kdbx": "canary",
		".config/app/rc": "harmless", ".gitconfig": "[user]\n", "src/f": "harmless",
	} {
		mkdir(p.T, filepath.Dir(filepath.Join(home, path)))
		write(p.T, filepath.Join(home, path), text)
	}
	p.env = append(p.env, "HOME="+home)
	return home
}

// TestStoresAreHidden checks that a hidden folder is empty, that a hidden file is empty,
// and that the rest is unchanged.
func TestStoresAreHidden(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		home := newHome(p)
		script := "cd; cat .ssh/id .netrc .config/gh/hosts.yml x.kdbx /proc/self/root" + home + "/.netrc; ls -A .ssh .config/gh; echo is; cat .config/app/rc src/f .gitconfig; ls -A ."
		for _, mode := range []string{"read-only", "workspace-write"} {
			r := p.lockstile("run", "--sandbox", mode, "--", "sh", "-c", script)
			if strings.Contains(r.stdout, "canary") || !strings.Contains(r.stdout, "is\nharmlessharmless[user]") || !strings.Contains(r.stdout, ".netrc") {
				t.Errorf("%s: %q %q", mode, r.stdout, r.stderr)
			}
			if r := p.lockstile("run", "--sandbox", mode, "--", "ls", "-A", home+"/.ssh", home+"/.config/gh"); strings.Contains(r.stdout, "id") || r.code != 0 {
				t.Errorf("%s: %q", mode, r.stdout)
			}
		}
		if r := p.lockstile("run", "--sandbox", "danger-full-access", "--", "sh", "-c", script); !strings.Contains(r.stdout, "canarycanarycanarycanarycanary") {
			t.Errorf("the probe doesn't work: %q %q", r.stdout, r.stderr)
		}
	})
}

// TestReadingRules checks that the most specific pattern wins.
func TestReadingRules(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		newHome(p)
		mkdir(t, p.ws+"/a/b")
		write(t, p.ws+"/a/b/.env", "canary")
		write(t, p.ws+"/a/b/other", "harmless")
		write(t, p.ws+"/.env", "canary")
		r := p.lockstile("run", "-c", `filesystem.deny_read=["~/src","**/.env","~/.config/app"]`, "-c", `filesystem.allow_read=["~/.ssh/id","~/.netrc","~/src/f"]`, "--",
			"sh", "-c", "cat .env a/b/.env a/b/other ~/src/f ~/.netrc ~/.ssh/id; ls -A ~/.ssh ~/src ~/.config/app; echo x > a/b/new && cat a/b/new; mv a moved; cat moved/b/.env")
		if !strings.HasPrefix(r.stdout, "harmlessharmlesscanarycanary") || strings.Count(r.stdout, "canary") != 2 || !strings.HasSuffix(r.stdout, "x\n") || strings.Contains(r.stdout, "\nrc\n") {
			t.Errorf("%q %q", r.stdout, r.stderr)
		}
		if r := p.lockstile("run", "-c", `filesystem.deny_read=["`+p.dir+`"]`, "--", "true"); r.code != 126 || !strings.Contains(r.stderr, "may not be read") || !strings.Contains(r.stderr, "allow_read") {
			t.Errorf("%+v", r)
		}
		if r := p.lockstile("run", "-c", `filesystem.deny_read=["`+p.dir+`"]`, "-c", `filesystem.allow_read=["`+p.ws+`"]`, "--", "sh", "-c", "cat .env; ls -A ..; echo x > new"); !strings.HasPrefix(r.stdout, "canaryws\n") || r.code != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// TestHiddenInShown checks that denied paths in a folder that is shown again are hidden,
// at any depth, and that trusted names in a writable root below a cover stay guarded.
func TestHiddenInShown(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		home := newHome(p)
		for path, text := range map[string]string{"pub/key": "canary", "pub/ok": "harmless", "pub/deep/key": "canary", "pub/deep/shown": "harmless"} {
			mkdir(t, filepath.Dir(home+"/.ssh/"+path))
			write(t, home+"/.ssh/"+path, text)
		}
		mkdir(t, home+"/vault/root/.git/hooks")
		rules := []string{"run", "-c", `filesystem.deny_read=["~/.ssh/pub/key","~/.ssh/pub/deep","~/vault"]`,
			"-c", `filesystem.allow_read=["~/.ssh/pub","~/.ssh/pub/deep/shown","~/vault/root"]`}
		for _, mode := range []string{"read-only", "workspace-write"} {
			r := p.lockstile(append(rules, "--sandbox", mode, "--", "sh", "-c", "cd ~/.ssh/pub; cat key ok deep/key deep/shown 2>/dev/null; ls -A deep")...)
			if !strings.HasPrefix(r.stdout, "harmlessharmlessshown") || strings.Contains(r.stdout, "canary") {
				t.Errorf("%s: %q %q", mode, r.stdout, r.stderr)
			}
		}
		r := p.lockstile(append(rules, "-c", `sandbox_workspace_write.writable_roots=["`+home+`/vault/root"]`, "--",
			"sh", "-c", "cd ~/vault/root; echo x > new; echo x > .git/hooks/pre-commit")...)
		if !exists(home+"/vault/root/new") || exists(home+"/vault/root/.git/hooks/pre-commit") {
			t.Errorf("%+v", r)
		}
	})
}

// TestReadingWithoutView checks denials without a view: no mount can cover a path, and
// the readable folders leave the denied paths out, in the workspace too.
func TestReadingWithoutView(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		home := newHome(p)
		write(t, p.ws+"/.env", "canary")
		write(t, p.ws+"/f", "harmless")
		for _, pattern := range []string{home + "/src/**", home + "/src/f", p.ws + "/.env", p.dir + "/**/.env", p.dir + "/u/s*/f"} {
			r := p.on("no user namespaces", "run", "--sandbox", "read-only", "-c", `filesystem.deny_read=["`+pattern+`"]`, "--",
				"sh", "-c", "(cat ~/src/f; cat .env; cat f; cat /etc/shadow) 2>/dev/null")
			want := "canaryharmless"
			if strings.HasSuffix(pattern, ".env") {
				want = "harmlessharmless"
			}
			if !strings.HasPrefix(r.stdout, want) || strings.Contains(r.stdout, "root:") {
				t.Errorf("%s: %q %q", pattern, r.stdout, r.stderr)
			}
		}
	})
}

// TestNewStores checks that a store can't be read that comes during a run, or replaces a
// file.
func TestNewStores(t *testing.T) {
	for name, make := range map[string]func(home string) error{
		"a new store":          func(home string) error { return os.WriteFile(home+"/.aws", []byte("canary"), 0o600) },
		"replaced by a rename": func(home string) error { return os.Rename(home+"/src/f2", home+"/.netrc") },
		"a new folder's": func(home string) error {
			if err := os.Mkdir(home+"/.docker", 0o700); err != nil {
				return err
			}
			return os.WriteFile(home+"/.docker/config.json", []byte("canary"), 0o600)
		},
		"one in a folder that is shown again": func(home string) error { return os.WriteFile(home+"/.ssh/pub/key", []byte("canary"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, p *place) {
				home := newHome(p)
				write(t, home+"/src/f2", "canary")
				mkdir(t, home+"/.ssh/pub")
				write(t, home+"/.ssh/pub/ok", "harm")
				cmd := p.command(program, "run", "-c", `filesystem.allow_read=["~/.ssh/pub"]`, "-c", `filesystem.deny_read=["~/.ssh/pub/key"]`, "--",
					"sh", "-c", "touch ready; while ! [ -e go ]; do sleep 0.02; done; cd; cat .netrc .aws .docker/config.json .ssh/pub/key; cat .ssh/pub/ok src/f")
				made := async(func() error {
					wait(t, p.ws+"/ready")
					if err := make(home); err != nil {
						return err
					}
					return os.WriteFile(p.ws+"/go", nil, 0o644)
				})
				r := p.do(cmd)
				if err := <-made; err != nil {
					t.Fatal(err)
				}
				if strings.Contains(r.stdout, "canary") || !strings.Contains(r.stdout, "harmharmless") {
					t.Errorf("%q %q", r.stdout, r.stderr)
				}
			})
		})
	}
}

func async(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

func wait(t *testing.T, path string) {
	for end := time.Now().Add(patience / 2); !exists(path) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

// TestStoresByOtherNames tries links on the way to the home or inside, and bind mounts.
func TestStoresByOtherNames(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		home := newHome(p)
		link := filepath.Join(p.dir, "linked")
		if err := os.Symlink(home, link); err != nil {
			t.Fatal(err)
		}
		mkdir(t, p.dir+"/elsewhere/keys")
		write(t, p.dir+"/elsewhere/keys/k", "canary")
		if err := os.Symlink(p.dir+"/elsewhere/keys", home+"/.gnupg"); err != nil {
			t.Fatal(err)
		}
		p.env = append(p.env, "HOME="+link)
		places := "exec 2>/dev/null; cat " + home + "/.ssh/id " + link + "/.ssh/id " + link + "/.gnupg/k " + p.dir + "/elsewhere/keys/k " + link + "/src/f"
		if root() {
			second, part := filepath.Join(p.dir, "second"), filepath.Join(p.dir, "part")
			for at, from := range map[string]string{second: home, part: home + "/.config/gh"} {
				mkdir(t, at)
				if err := syscall.Mount(from, at, "", syscall.MS_BIND, ""); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { syscall.Unmount(at, 0) })
			}
			places += " " + second + "/.ssh/id " + second + "/.netrc " + part + "/hosts.yml"
		}
		if r := p.lockstile("run", "--", "sh", "-c", places); r.stdout != "harmless" {
			t.Errorf("%q %q", r.stdout, r.stderr)
		}
		if r := p.lockstile("run", "--sandbox", "danger-full-access", "--", "sh", "-c", places); strings.Count(r.stdout, "canary") < 4 {
			t.Errorf("the probe doesn't work: %q %q", r.stdout, r.stderr)
		}
	})
}

// TestStoresWhereMountsComeAndGo checks that a store that the host mounts a second time,
// just while a start looks at the machine, is in no start's view.
func TestStoresWhereMountsComeAndGo(t *testing.T) {
	if !root() {
		t.Skip("only root can mount")
	}
	p := newPlace(t)
	home := newHome(p)
	alias := filepath.Join(p.dir, "alias")
	mkdir(t, alias)
	// The mount namespace keeps the mounts from delaying other tests' starts.
	script := `
( while [ ! -e "$1/stop" ]; do mount --bind "$2/.ssh" "$1/alias"; sleep 0.002; umount -l "$1/alias"; done ) &
for i in $(seq 30); do "$3" run --tty=false -- sh -c 'cat "$1/id" 2>/dev/null; echo ran' - "$1/alias"; done
touch "$1/stop"; wait`
	r := p.do(p.command("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "-", p.dir, home, program))
	if strings.Contains(r.stdout, "canary") {
		t.Errorf("it was read %d times of %d", strings.Count(r.stdout, "canary"), strings.Count(r.stdout, "ran"))
	}
	if !strings.Contains(r.stdout, "ran") {
		t.Errorf("none ran: %s", r.stderr)
	}
	if n := strings.Count(r.stderr, "refused"); n != strings.Count(r.stderr, "mounts change all the time") {
		t.Errorf("%s", r.stderr)
	}
}
