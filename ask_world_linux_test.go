package lockstile

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lockstile/lockstile/policy"
)

// asked is the world of the questions: a tree in a throw-away folder, with two folders in
// the host's /tmp and TMPDIR.
type asked struct {
	*testing.T
	r         *rand.Rand
	dir, tmp  string // dir is below /var/tmp, tmp below /tmp
	port      string
	git       bool
	listeners []net.Listener
}

// askedFiles are the files of the tree. The content of each is its path.
var askedFiles = strings.Fields(`
	home/.ssh/id home/.ssh/known home/.config/gh/hosts.yml home/.config/app/conf home/notes home/w/a/.env
	ws/f ws/sub/f ws/sub/deep/x.env ws/.env ws/.envrc ws/sub/.env ws/secret/key.pem ws/secret/pub/ok ws/secret/pub/key.pem ws/.claude/settings.json
	ws/nest/.git/HEAD ws/nest/.git/objects/x ws/nest/.git/refs/x ws/nest/f ws/node_modules/p/.vscode/tasks.json ws/x.code-workspace ws/.profile ws/sub/.profile
	r1/f r1/in/f r1/in/.env r1/d/key.pem r1/.mcp.json r2/f r2/d/f r2/.env
	out/f out/d/f out/d/key.pem out/d/.env out/deep/er/f out/deep/er/.env tmpdir/f`)

// askedAbsent are names to be made.
var askedAbsent = strings.Fields(`
	ws/new ws/sub/new ws/sub/newdir/dir/f ws/secret/new ws/new.pem ws/sub/.env.new home/new out/new out/d/new r1/new r1/in/new r2/d/new ws/sub/deep/.env tmpdir/new r2/secret/.env out/deep/er/new product/new
	ws/link-out-new ws/dirlink/new ws/nest/new`)

// askedTrusted are absent names that programs of the host trust. A command that makes too
// many of them is ended.
var askedTrusted = strings.Fields(`ws/.vscode/tasks.json ws/sub/.claude/x ws/nest/.envrc r1/.idea/x r1/in/.envrc ws/sub/.bashrc ws/.bashrc r2/sub/.mcp.json ws/.ENVRC ws/node_modules/.idea/x`)

var askedFIFOs = []string{"ws/fifo", "ws/sub/fifo", "out/d/fifo", "home/fifo", "r1/in/fifo"}

var askedLinks = map[string]string{
	"ws/link-out": "../out/f", "ws/link-in": "sub/f", "ws/link-key": "secret/key.pem", "ws/dirlink": "sub", "ws/link-r1": "DIR/r1/f", "ws/link-tmp": "TMP/f", "ws/link-none": "nowhere",
	"outlink": "out", "home/link": "../ws/f", "ws/loop": "loop", "ws/link-out-new": "../out/fresh", "out/link-ws": "../ws/f", "ws/up": "..", "ws/link-secret": "secret",
}

func newAsked(t *testing.T, r *rand.Rand, dir string) *asked {
	w := &asked{T: t, r: r, dir: dir, git: r.IntN(2) == 0}
	var err error
	if w.tmp, err = os.MkdirTemp("/tmp", "lockstile-asked-"); err != nil {
		t.Fatal(err)
	}
	for _, name := range askedFiles {
		w.file(filepath.Join(dir, name))
	}
	w.file(w.tmp + "/f")
	w.file(w.tmp + "/ws/f")
	w.file(w.tmp + "/ws/.env")
	for name, to := range askedLinks {
		to = strings.NewReplacer("DIR", dir, "TMP", w.tmp).Replace(to)
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if w.git {
		if text, err := exec.Command("cp", "-a", dir+"/../git", dir+"/ws/.git").CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, text)
		}
	}
	for _, name := range askedFIFOs {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.listen("tcp", "127.0.0.1:0")
	for _, at := range []string{dir + "/out/sock", dir + "/ws/sock", w.tmp + "/sock"} {
		w.listen("unix", at)
	}
	return w
}

func (w *asked) file(name string) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("content of "+name), 0o644); err != nil {
		w.Fatal(err)
	}
}

func (w *asked) listen(network, at string) {
	l, err := net.Listen(network, at)
	if err != nil {
		w.Fatal(err)
	}
	if network == "tcp" {
		_, w.port, _ = net.SplitHostPort(l.Addr().String())
	}
	w.listeners = append(w.listeners, l)
}

func (w *asked) close() {
	for _, l := range w.listeners {
		l.Close()
	}
	os.RemoveAll(w.dir)
	os.RemoveAll(w.tmp)
}

// some returns each item with a chance of one in n.
func (w *asked) some(n int, items ...string) []string {
	var out []string
	for _, item := range items {
		if w.r.IntN(n) == 0 {
			out = append(out, strings.NewReplacer("DIR", w.dir, "TMP", w.tmp).Replace(item))
		}
	}
	return out
}

func (w *asked) one(items ...string) string { return items[w.r.IntN(len(items))] }

// settings makes up a policy.
func (w *asked) settings() Settings {
	s := Settings{Home: w.dir + "/product", Dir: w.dir + w.one("/ws", "/ws", "/ws", "/ws", "/ws/sub")}
	if w.r.IntN(8) == 0 {
		s.Dir = w.tmp + "/ws"
	}
	s.Mode = []policy.Mode{policy.ModeWorkspaceWrite, policy.ModeWorkspaceWrite, policy.ModeWorkspaceWrite, policy.ModeWorkspaceWrite, policy.ModeReadOnly, policy.ModeReadOnly, policy.ModeDangerFullAccess}[w.r.IntN(7)]
	list := func(key string, items []string) {
		if len(items) > 0 {
			s.Overrides = append(s.Overrides, fmt.Sprintf("%s=[\"%s\"]", key, strings.Join(items, `", "`)))
		}
	}
	list("sandbox_workspace_write.writable_roots", w.some(4, "DIR/r1", "DIR/r1/in", "DIR/r2", "DIR/outlink", "DIR/out/deep"))
	list("filesystem.deny_read", w.some(6, "DIR/out", "DIR/out/d", "DIR/ws/secret", "**/.env", "DIR/ws/**/*.pem", "DIR/*/f", "DIR/ws/sub/deep", "DIR/home/.config", "DIR/out/d/*.pem", "DIR/r1/d", "DIR/r?/d",
		"DIR/ws/link-in", "DIR/outlink/d", "DIR/ws/absent", "DIR/home/w/**/.env", "DIR/ws/nest", "DIR/ws/dirlink/f", "DIR/**/er", "TMP/f", "DIR/tmpdir"))
	list("filesystem.allow_read", w.some(6, "DIR/out/d/f", "DIR/ws/secret/pub", "DIR/ws/secret/pub/**", "DIR/home/.ssh/known", "DIR/out/deep", "DIR/ws/.env", "DIR/r1", "~/.config/gh", "DIR/**/ok", "DIR/ws/link-key"))
	for _, key := range []string{"sandbox_workspace_write.exclude_slash_tmp", "sandbox_workspace_write.exclude_tmpdir_env_var", "sandbox_workspace_write.network_access", "shell_environment_policy.ignore_default_excludes"} {
		if w.r.IntN(4) == 0 {
			s.Overrides = append(s.Overrides, key+"=true")
		}
	}
	list("shell_environment_policy.exclude", w.some(5, "FOO", "H*", "*LANG", "foo?"))
	list("shell_environment_policy.include_only", w.some(10, "P*", "*O*", "API*"))
	s.Overrides = append(s.Overrides, "shell_environment_policy.inherit="+w.one("all", "all", "all", "core", "none"), "git.commit="+w.one(`"auto"`, `"auto"`, "false"))
	if w.r.IntN(4) == 0 {
		s.Overrides = append(s.Overrides, `shell_environment_policy.set.MINE="set"`, `shell_environment_policy.set.FOO="other"`)
	}
	return s
}

// environ makes up the caller's environment.
func (w *asked) environ() []string {
	env := []string{"PATH=/usr/bin:/bin", "HOME=" + w.dir + "/home", "FOO=1", "FOOD=2", "LANG=C", "GITHUB_TOKEN=x", "API_KEY=k", "AWS_REGION=eu", "HARMLESS=ghp_0123456789abcdefghijklmnopqrstuvwxyz", "KEYBOARD=us"}
	switch w.r.IntN(3) {
	case 0:
		env = append(env, "TMPDIR="+w.dir+"/tmpdir")
	case 1:
		env = append(env, "TMPDIR=/tmp")
	}
	return env
}

// attempts makes up the questions: first the reads, last the trusted names.
func (w *asked) attempts() []attempt {
	var all, writes []attempt
	ask := func(to *[]attempt, access, target string) {
		_, err := os.Stat(target)
		*to = append(*to, attempt{access, target, err == nil})
	}
	both := func(n int, target string) {
		if w.r.IntN(n) == 0 {
			ask(&all, "read", target)
		}
		if w.r.IntN(n) == 0 {
			ask(&writes, "write", target)
		}
	}
	for _, name := range askedFiles {
		both(2, filepath.Join(w.dir, name))
		both(8, filepath.Join(w.dir, filepath.Dir(name)))
	}
	for _, name := range askedFIFOs { // a write would wait for a reader
		if w.r.IntN(3) == 0 {
			ask(&all, "read", filepath.Join(w.dir, name))
		}
	}
	for name := range askedLinks {
		both(3, filepath.Join(w.dir, name))
	}
	for _, name := range askedAbsent {
		if w.r.IntN(3) == 0 {
			ask(&writes, "write", filepath.Join(w.dir, name))
		}
	}
	for _, target := range []string{w.tmp + "/f", w.tmp + "/new", w.tmp + "/ws/f", w.tmp + "/ws/.env", w.tmp + "/ws/new", "/run/new/x", "/dev/null", "/dev/fuse", "/dev/shm/new", "/dev/new", "/proc/self/comm", "/proc/sys/kernel/hostname", fmt.Sprintf("/proc/%d/comm", os.Getpid()),
		"/etc/passwd", "/etc/new", "/sys/kernel/mm/new", "/usr/new", w.dir + "/ws/up/out/f", w.dir + "/ws/sub/../f", w.dir + "/ws/link-secret/key.pem", w.dir + "/outlink/d/f", w.dir + "/ws/dirlink/../f"} {
		both(3, target)
	}
	if w.git {
		for _, name := range []string{"MERGE_MSG", "hooks/pre-commit", "info/attributes", "new", "rebase-merge/x", "logs/refs/heads/n", "modules/m/hooks/post-checkout", "commondir"} {
			both(3, w.dir+"/ws/.git/"+name)
		}
	}
	for range 2 {
		ask(&writes, "write", filepath.Join(w.dir, w.one(askedTrusted...)))
	}
	for _, target := range []string{"127.0.0.1:" + w.port, "unix:" + w.dir + "/out/sock", "unix:" + w.dir + "/ws/sock", "unix:" + w.tmp + "/sock"} {
		all = append(all, attempt{"connect", target, true})
	}
	for _, name := range []string{"FOO", "FOOD", "LANG", "GITHUB_TOKEN", "API_KEY", "AWS_REGION", "HARMLESS", "KEYBOARD", "PATH", "HOME", "MINE", "UNSET", "TMPDIR"} {
		if w.r.IntN(2) == 0 {
			all = append(all, attempt{"env", name, name != "UNSET" && name != "MINE" && name != "TMPDIR"})
		}
	}
	return append(all, writes...)
}
