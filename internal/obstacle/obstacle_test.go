//go:build linux

package obstacle_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/obstacle"
	"github.com/lockstile/lockstile/policy"
)

// ground is a workspace WS with a git directory, a user's home HOME, and a folder OUT
// outside of both, named so in the texts of a test.
type ground struct {
	dir string
}

func newGround(t testing.TB) ground {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "obstacle-") // in /tmp a command has files of its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, sub := range []string{"ws/.git/hooks", "ws/sub", "ws/cloned/.git", "out/shims", "out/bare.git/objects", "out/bare.git/refs", "home/.cache", "home/.ssh", "home/go/bin", "home/.rustup", "out/deep", "out/bin", "home/.local/share", "other", "product"} {
		if err := os.MkdirAll(dir+"/"+sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir+"/out", dir+"/ws/leads"); err != nil {
		t.Fatal(err)
	}
	if l, err := net.Listen("unix", dir+"/out/sock"); err != nil {
		t.Fatal(err)
	} else {
		t.Cleanup(func() { l.Close() })
	}
	for _, name := range []string{"out/plain", "ws/plain", "home/.profile"} {
		if err := os.WriteFile(dir+"/"+name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", dir+"/home")
	return ground{dir}
}

// in replaces the names of the ground.
func (g ground) in(text string) string {
	return strings.NewReplacer("WS", g.dir+"/ws", "HOME", g.dir+"/home", "OUT", g.dir+"/out", "OTHER", g.dir+"/other", "PRODUCT", g.dir+"/product").Replace(text)
}

// seen is a command with a policy: words for overrides, or a mode.
func (g ground) seen(t testing.TB, settings string) obstacle.Seen {
	t.Helper()
	var mode policy.Mode
	var overrides []string
	for word := range strings.FieldsSeq(g.in(settings)) {
		if m, err := policy.ParseMode(word); err == nil {
			mode = m
		} else {
			overrides = append(overrides, word)
		}
	}
	try := func(m policy.Mode, more ...string) (policy.Policy, error) {
		if m == policy.ModeUnset {
			m = mode
		}
		return lockstile.LoadPolicy(lockstile.Settings{Home: g.dir + "/product", Dir: g.dir + "/ws", Mode: m, Overrides: slices.Concat(overrides, more)})
	}
	p, err := try(policy.ModeUnset)
	if err != nil {
		t.Fatal(err)
	}
	return obstacle.Seen{Policy: p, Failed: true, Try: try}
}

// TestTexts checks the texts of real programs.
func TestTexts(t *testing.T) {
	g := newGround(t)
	for _, c := range slices.Concat(texts, moreTexts) {
		s := g.seen(t, c.settings)
		s.Output, s.Argv, s.Status = g.in(c.text), []string{g.in(c.argv)}, c.status
		found := obstacle.Find(s)
		if c.cause == "" {
			if len(found) > 0 {
				t.Errorf("%q %q: %+v", c.text, c.argv, found)
			}
			continue
		}
		if len(found) != 1 {
			t.Errorf("%q %q: %d obstacles, want %q: %+v", c.text, c.argv, len(found), c.cause, found)
			continue
		}
		o := found[0]
		if !strings.Contains(o.Cause, g.in(c.cause)) || (o.Kind != obstacle.Inferred) != (c.status > 128) || (o.Quote == "") != (c.text == "") {
			t.Errorf("%q %q: cause %q, want %q", c.text, c.argv, o.Cause, g.in(c.cause))
		}
		if o.Setting != g.in(c.setting) || (o.Setting == "") == (o.Instead == "") {
			t.Errorf("%q: setting %q, want %q; instead %q", c.text, o.Setting, g.in(c.setting), o.Instead)
		}
		if strings.HasPrefix(o.Setting, "--") || o.Setting == "" {
			continue
		}
		if _, err := s.Try(policy.ModeUnset, o.Setting); err != nil {
			t.Errorf("%q: %s: %v", c.text, o.Setting, err)
		}
		g.loads(t, o.Setting)
	}
	t.Logf("%d texts", len(texts)+len(moreTexts))
}

// loads checks that a setting is a line of config.toml.
func (g ground) loads(t *testing.T, setting string) {
	t.Helper()
	file := g.dir + "/product/config.toml"
	if err := os.WriteFile(file, []byte(setting+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file)
	key, _, _ := strings.Cut(setting, "=")
	p, err := lockstile.LoadPolicy(lockstile.Settings{Home: g.dir + "/product", Dir: g.dir + "/ws"})
	if err != nil || p.Origin(key).File == "" {
		t.Errorf("%s in config.toml: %v", setting, err)
	}
}

// TestObserved checks obstacles that the gate saw, without output.
func TestObserved(t *testing.T) {
	g := newGround(t)
	s := g.seen(t, "limits.wall_seconds=5 limits.memory_mb=64")
	s.TakenBack, s.BadCall, s.Exceeded = []string{"/x/.vscode"}, true, "wall time: 5 s"
	found := obstacle.Find(s)
	if len(found) != 3 || found[0].What != "/x/.vscode" || found[1].Setting != "limits.wall_seconds=10" || !strings.Contains(found[2].Cause, "SIGSYS") {
		t.Errorf("%+v", found)
	}
	s.TakenBack, s.BadCall, s.Exceeded = nil, false, "memory: more than 64 MiB"
	if found = obstacle.Find(s); len(found) != 1 || found[0].Setting != "limits.memory_mb=128" || found[0].Kind != obstacle.Observed {
		t.Errorf("%+v", found)
	}
	s.Exceeded = "memory: the machine was about to have none left"
	if found = obstacle.Find(s); len(found) != 1 || found[0].Setting != "" || found[0].Instead == "" {
		t.Errorf("%+v", found)
	}
}

// TestFileOfTheHome checks that nobody is asked to make a folder with the name of a file.
func TestFileOfTheHome(t *testing.T) {
	g := newGround(t)
	for text, want := range map[string]string{
		"error: could not lock config file HOME/.gitconfig: Read-only file system": "is the home directory",
		"touch: cannot touch 'HOME/.profile': Read-only file system":               "is the home directory",
		"mkdir: cannot create directory 'HOME/.tool': Read-only file system":       "HOME/.tool is absent: ask the user to make that folder",
		"open HOME/.tool/cache/x: read-only file system":                           "HOME/.tool/cache is absent: ask the user to make that folder",
	} {
		s := g.seen(t, "")
		s.Output = g.in(text)
		if found := obstacle.Find(s); len(found) != 1 || !strings.Contains(found[0].Instead, g.in(want)) {
			t.Errorf("%q: %+v", text, found)
		}
	}
}

// TestHiddenLinks checks that no answer names the target of a link that a command can't
// see.
func TestHiddenLinks(t *testing.T) {
	g := newGround(t)
	if err := errors.Join(os.Mkdir(g.dir+"/secret-place", 0o755), os.Symlink(g.dir+"/secret-place", g.dir+"/home/.ssh/id")); err != nil {
		t.Fatal(err)
	}
	s := g.seen(t, "")
	s.Output = g.in("cat: HOME/.ssh/id/x: Permission denied")
	found := obstacle.Find(s)
	if len(found) != 1 || !strings.Contains(found[0].Cause, "may not be read") || strings.Contains(found[0].Cause+found[0].Setting, "secret-place") {
		t.Errorf("%+v", found)
	}
}

// TestHiddenCharacters checks that a setting with characters that no screen shows is not
// proposed: the setting could not be copied.
func TestHiddenCharacters(t *testing.T) {
	g := newGround(t)
	for _, name := range []string{"a\u202eb", "a\u200bb"} {
		if err := os.Mkdir(g.dir+"/out/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
		s := g.seen(t, "")
		s.Output = g.in("touch: cannot touch 'OUT/" + name + "/x': Read-only file system")
		if found := obstacle.Find(s); len(found) != 1 || found[0].Setting != "" || found[0].Instead == "" {
			t.Errorf("%+v", found)
		}
	}
}

// TestManyLines checks that the work is bounded, and that the first causes are kept.
func TestManyLines(t *testing.T) {
	g := newGround(t)
	s := g.seen(t, "")
	for name, text := range map[string]string{
		"denials":   strings.Repeat("touch: cannot touch '/opt/a/b/c': Permission denied\n", 100_000),
		"allowed":   strings.Repeat(g.in("touch: cannot touch 'WS/a/b/c': Permission denied\n"), 100_000),
		"quotes":    strings.Repeat("'", 1<<20) + ": Read-only file system",
		"words":     strings.Repeat("read-only file system ", 1<<16),
		"one line":  strings.Repeat("/a ", 1<<18) + "EROFS",
		"sequences": strings.Repeat("\x1b[", 1<<18),
		"different": strings.Repeat("mkdir /opt/x: read-only file system\nmkdir /opt/y: read-only file system\nmkdir /opt/z: read-only file system\nmkdir /opt/w: read-only file system\n", 1000),
	} {
		s.Output = text
		begun := time.Now()
		found := obstacle.Find(s)
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if len(found) > 3 || name == "different" && len(found) != 3 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestAnyText checks with lines made of the pieces of errors that Find never fails, and
// proposes nothing that doesn't load.
func TestAnyText(t *testing.T) {
	g := newGround(t)
	s := g.seen(t, "")
	pieces := rapid.SampledFrom([]string{
		"touch: cannot touch ", "'", `"`, "‘", "’", "`", ": ", "/", "..", " ", "\n", "\r", "\x1b[31m", "\xff", "\x00", "OUT", "WS", "HOME", "/opt/", "x", "\\", "=", "]", "[", "*", "?", "~", "é", "\u202e", "{", "}",
		"Read-only file system", "EROFS", "Permission denied", "EACCES", "[Errno 13] ", "No such file or directory", "Invalid cross-device link", "Device or resource busy", "(os error 30)", "Could not resolve host: ", "getaddrinfo ENOTFOUND ", "connect ECONNREFUSED 127.0.0.1:80", "operation not permitted", "fork: retry", "Caused by:\n", "npm error path ", "No such process", "unable to open database file", "Failed to connect to bus", "«", "»", "das Dateisystem ist nur lesbar", " -> ", " at ", "lookup ", "h.example",
	})
	rapid.Check(t, func(r *rapid.T) {
		s.Output = g.in(strings.Join(rapid.SliceOfN(pieces, 0, 40).Draw(r, "pieces"), ""))
		s.Failed = rapid.Bool().Draw(r, "failed")
		s.Argv = []string{g.in(strings.Join(rapid.SliceOfN(pieces, 0, 8).Draw(r, "command"), ""))}
		check(r, s)
	})
}

type failing interface{ Errorf(string, ...any) }

func check(t failing, s obstacle.Seen) {
	found := obstacle.Find(s)
	if len(found) > 3 {
		t.Errorf("%d obstacles", len(found))
	}
	for _, o := range found {
		if o.Cause == "" || (o.Setting == "") == (o.Instead == "") {
			t.Errorf("%q: %+v", s.Output, o)
		}
		if o.Setting == "" {
			continue
		}
		p, err := s.Try(policy.ModeUnset, o.Setting)
		if err != nil || strings.ContainsAny(o.Setting, "\n\r\x1b") {
			t.Errorf("%q: %+v: %v", s.Output, o, err)
		}
		if strings.Contains(o.Setting, "writable_roots") && !p.DecideWrite(o.What).Allowed && !strings.Contains(o.What, "/leads") {
			t.Errorf("%q: %+v: still denied", s.Output, o)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, c := range slices.Concat(texts, moreTexts) {
		f.Add(c.text, true)
	}
	g := newGround(f)
	s := g.seen(f, "")
	f.Fuzz(func(t *testing.T, text string, failed bool) {
		s.Output, s.Failed = g.in(text), failed
		begun := time.Now()
		check(t, s)
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
