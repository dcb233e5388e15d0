//go:build linux

package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// newCachePlace is a place with a home outside /tmp: caches below /tmp are private anyway.
func newCachePlace(t *testing.T) *place {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-caches-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		exec.Command("chmod", "-R", "u+rwX", dir).Run() // Go's modules have no right to write
		os.RemoveAll(dir)
	})
	p := &place{T: t, dir: dir, ws: filepath.Join(dir, "ws"), home: filepath.Join(dir, "home/.lockstile")}
	mkdir(t, p.ws)
	mkdir(t, p.user(".cache"))
	p.env = []string{"HOME=" + p.user("")}
	for _, name := range []string{"XDG_CACHE_HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "CARGO_HOME", "npm_config_cache"} {
		p.env = append(p.env, name+"=")
	}
	return p
}

// user is a path below the user's home.
func (p *place) user(name string) string { return filepath.Join(p.dir, "home", name) }

// onHost runs a script on the host, with the environment of the place.
func (p *place) onHost(script string) {
	p.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = p.ws, append(os.Environ(), p.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		p.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// listing describes all files of the user's home but our own: names, sizes, times.
func (p *place) listing() string {
	p.Helper()
	var b strings.Builder
	err := filepath.WalkDir(p.user(""), func(name string, d fs.DirEntry, err error) error {
		if name == p.home {
			return fs.SkipDir
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && name != p.user("") {
			b.WriteString(strings.Join([]string{name, info.Mode().String(), info.ModTime().Format(time.RFC3339Nano), "\n"}, " "))
		}
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	return b.String()
}

// caches are the fields of the last start line about caches.
func (p *place) caches() (names, left []string) {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.home, "sandbox.log"))
	if err != nil {
		p.Fatal(err)
	}
	for l := range strings.Lines(string(text)) {
		var r struct {
			Event    string
			Caches   []string
			NoCaches []string `json:"no_caches"`
		}
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			p.Fatal(err)
		}
		if r.Event == "start" {
			names, left = r.Caches, r.NoCaches
		}
	}
	return names, left
}

// TestCachesAreApart checks that what a command writes to a cache reaches neither the
// host nor another workspace, and is there for the next command.
func TestCachesAreApart(t *testing.T) {
	bothWays(t, func(t *testing.T, way *place) {
		p := newCachePlace(t)
		p.way = way.way
		write(t, p.user(".cache/tool/entry"), "good")
		before := p.listing()
		p.sh("workspace-write", "set -e; cat ~/.cache/tool/entry; echo bad > ~/.cache/tool/entry; mkdir ~/.cache/new; mv ~/.cache/tool/entry ~/.cache/tool/moved; rm -r ~/.cache/tool; mkdir ~/.cache/tool; echo bad > ~/.cache/tool/entry", 0)
		p.sh("workspace-write", "test $(cat ~/.cache/tool/entry) = bad && test -d ~/.cache/new", 0)
		if after := p.listing(); after != before {
			t.Errorf("the host has\n%s\nwas\n%s", after, before)
		}
		other := *p
		other.ws = filepath.Join(p.dir, "ws2")
		mkdir(t, other.ws)
		other.sh("workspace-write", "test $(cat ~/.cache/tool/entry) = good && test ! -e ~/.cache/new", 0)
		p.sh("read-only", "test $(cat ~/.cache/tool/entry) = good && ! touch ~/.cache/x 2>/dev/null", 0)
		if r := p.lockstile("run", "-c", `caches.mode="off"`, "--", "sh", "-c", "! touch ~/.cache/x && test ! -e /run/caches"); r.code != 0 {
			t.Errorf("off: exit %d, %s", r.code, r.stderr)
		}
		if names, _ := p.caches(); names != nil {
			t.Errorf("off: the record has %q", names)
		}
		p.sh("workspace-write", "grep -q "+p.home+"/caches /proc/self/mountinfo && ! ls "+p.home+"/caches 2>/dev/null", 0)
	})
}

// TestCachesKeepCovers checks that stores stay hidden in and beside caches, and that
// folders with programs of the host can't be written.
func TestCachesKeepCovers(t *testing.T) {
	p := newCachePlace(t)
	stores := []string{".cache/huggingface/token", ".gradle/gradle.properties", ".cargo/credentials.toml", ".m2/settings.xml", ".npmrc", ".ipython/.env"}
	for _, s := range stores {
		write(t, p.user(s), "secret\n")
	}
	for _, s := range []string{".cargo/bin/x", "go/bin/x", ".local/bin/x", "go/pkg/mod/x", ".cargo/registry/x", ".m2/repository/x", ".npm/x"} {
		write(t, p.user(s), "")
	}
	p.env = append(p.env, "GRADLE_USER_HOME=", "IPYTHONDIR=")
	script := "cd; cat " + strings.Join(stores, " ") + "; for f in " + strings.Join(stores, " ") + "; do echo own > $f; rm -f $f; mv $f x; done; mv .cache/huggingface .cache/h; mv .gradle/gradle.properties .gradle/g; ln .gradle/gradle.properties .gradle/g; cat .cache/h/token .gradle/g"
	deny := []string{"run", "-c", `filesystem.deny_read=["` + p.user(".ipython/.env") + `"]`, "--", "sh", "-c"}
	for range 2 {
		r := p.lockstile(append(slices.Clone(deny), script)...)
		if strings.Contains(r.stdout, "secret") {
			t.Errorf("a store was read: %s", r.stdout)
		}
		for _, s := range stores {
			if text, err := os.ReadFile(p.user(s)); err != nil || string(text) != "secret\n" {
				t.Errorf("%s: %q, %v", s, text, err)
			}
		}
	}
	p.sh("workspace-write", "cd; for f in .cargo/bin go/bin .local/bin .cargo .m2 .; do touch $f/new 2>/dev/null && exit 1; done; for f in .cache .gradle .cargo/registry .m2/repository .npm go/pkg/mod .ipython; do touch $f/new || exit 2; done", 0)
}

// TestCachesLeftOut checks which places get no private folder, and that the record has
// the reason.
func TestCachesLeftOut(t *testing.T) {
	p := newCachePlace(t)
	mkdir(t, p.user("real"))
	if err := os.Symlink(p.user("real"), p.user(".npm")); err != nil {
		t.Fatal(err)
	}
	mkdir(t, p.user("elsewhere/mod"))
	mkdir(t, p.ws+"/mod")
	p.env = append(p.env, "GOCACHE="+p.ws+"/mod", "GOMODCACHE="+p.user("elsewhere/mod"), "CARGO_HOME="+p.user(""), "PIP_CACHE_DIR=/usr", "UV_CACHE_DIR=off")
	p.sh("workspace-write", "touch ~/elsewhere/mod/x mod/x && ! touch ~/real/x 2>/dev/null && ! touch ~/elsewhere/x 2>/dev/null && test $npm_config_cache = /run/caches/npm && touch $npm_config_cache/x $JUPYTER_DATA_DIR/x", 0)
	if exists(p.user("elsewhere/mod/x")) || !exists(p.ws+"/mod/x") {
		t.Error("a file came out, or the workspace lost one")
	}
	names, left := p.caches()
	if !slices.Contains(names, "xdg") || !slices.Contains(names, "go-mod") || !slices.Contains(names, "npm") || slices.Contains(names, "go-build") {
		t.Errorf("caches: %q", names)
	}
	if os.Geteuid() != 0 && !slices.Contains(left, "pip: /usr belongs to another user") {
		t.Errorf("left: %q", left)
	}
	// A command puts a file in the place of a folder, and the user makes a store in it.
	p.sh("workspace-write", "echo x > ~/.cache/huggingface", 0)
	write(t, p.user(".cache/huggingface/token"), "secret")
	p.sh("workspace-write", "! touch ~/.cache/x 2>/dev/null && test -z \"$(cat ~/.cache/huggingface/token)\"", 0)
	if _, left := p.caches(); !slices.ContainsFunc(left, func(l string) bool { return strings.Contains(l, "which a command has replaced") }) {
		t.Errorf("left: %q", left)
	}
}

// TestCachesAtATime checks that commands at a time have folders of their own, and that
// caches in use are not removed.
func TestCachesAtATime(t *testing.T) {
	p := newCachePlace(t)
	cmd := p.command(program, "run", "--", "sh", "-c", "touch ~/.cache/one; touch began; while ! test -e go; do sleep 0.01; done; test ! -e ~/.cache/two && touch ~/.cache/three")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); !exists(p.ws+"/began") && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	p.sh("workspace-write", "test ! -e ~/.cache/one && touch ~/.cache/two", 0)
	if r := p.lockstile("caches", "clear"); r.code != 1 || !strings.Contains(r.stderr, "uses the caches") {
		t.Errorf("clear: exit %d, %s", r.code, r.stderr)
	}
	p.onHost("touch go")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	p.sh("workspace-write", "test -e ~/.cache/one && test -e ~/.cache/three", 0)
	if r := p.lockstile("caches", "--size", "--json"); r.code != 0 || !strings.Contains(r.stdout, `"bytes"`) || !strings.Contains(r.stdout, p.ws) {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.lockstile("caches", "clear", p.ws); r.code != 0 {
		t.Errorf("clear: exit %d, %s", r.code, r.stderr)
	}
	if r := p.lockstile("caches"); r.code != 0 || r.stdout != "" {
		t.Errorf("after clear: %s", r.stdout)
	}
	p.sh("workspace-write", "test ! -e ~/.cache/one", 0)
}

// TestCacheIsMissed leaves the overlay of a cache out.
func TestCacheIsMissed(t *testing.T) {
	for _, io := range []string{"pipes", "terminal"} {
		p := newCachePlace(t)
		want := "cache " + p.user(".cache")
		if got := p.refusedAs(p.leaveOut("workspace-write", io, "LOCKSTILE_LEAVE_OUT="+want)); got.Restriction != want {
			t.Errorf("%s: %+v", io, got)
		}
	}
}

// TestCachesWithoutOverlay checks a machine that refuses the overlay, here because two
// overlays lie on each other already: the start goes without caches, and the record says
// so.
func TestCachesWithoutOverlay(t *testing.T) {
	p := newCachePlace(t)
	script := `o() { mkdir $3 $3.work; mount -t overlay -o userxattr,lowerdir=$1,upperdir=$3,workdir=$3.work none $2; }
	cd "$1"; mkdir low mid; o low mid a && o mid home/.cache b && cd ws && exec "$0" run -- sh -c '! touch ~/.cache/x 2>/dev/null && test -z "$JUPYTER_DATA_DIR"'`
	args := []string{"--mount", "--", "sh", "-ec", script, program, p.dir}
	if os.Geteuid() != 0 {
		args = append([]string{"--user", "--map-current-user", "--keep-caps"}, args...)
	}
	if r := p.do(p.command("unshare", args...)); r.code != 0 {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if _, left := p.caches(); len(left) != 1 || !strings.Contains(left[0], "mounts no overlay") {
		t.Errorf("left: %q", left)
	}
}
