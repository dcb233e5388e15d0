//go:build unix

package survey

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// ground is a folder with a workspace, for a survey.
type ground struct {
	*testing.T
	dir, ws string
}

func newGround(t *testing.T) ground {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := ground{t, dir, filepath.Join(dir, "ws")}
	t.Setenv("HOME", filepath.Join(dir, "home"))
	t.Setenv("XDG_CONFIG_HOME", "")
	g.files("home/", "ws/")
	return g
}

// files makes files: "name content", "name -> end" for a link, and "name/" for a folder.
func (g ground) files(all ...string) {
	g.Helper()
	for _, one := range all {
		name, content, _ := strings.Cut(one, " ")
		full := filepath.Join(g.dir, name)
		err := os.MkdirAll(filepath.Dir(full), 0o755)
		to, link := strings.CutPrefix(content, "-> ")
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(full, 0o755)
		case link:
			err = os.Symlink(to, full)
		default:
			err = os.WriteFile(full, []byte(content), 0o644)
		}
		if err != nil {
			g.Fatal(err)
		}
	}
}

// find looks over the workspace.
func (g ground) find() *Trusted {
	g.Helper()
	got, err := FindTrusted(policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: g.ws}, "", "", nil)
	if err != nil {
		g.Fatal(err)
	}
	return got
}

// there checks the pinned names, below the workspace.
func (g ground) there(got *Trusted, want ...string) {
	g.Helper()
	var names []string
	for _, full := range got.There {
		names = append(names, strings.TrimPrefix(full, g.ws+"/"))
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		g.Errorf("pinned are %q, want %q", names, want)
	}
}

// absent reports whether a name may not appear.
func (g ground) absent(got *Trusted, name string) bool {
	full := filepath.Join(g.ws, name)
	return slices.ContainsFunc(got.Absent, func(a host.Absent) bool {
		return a.Dir == filepath.Dir(full) && slices.Contains(a.Names, filepath.Base(full))
	})
}

const repository = "ws/.git/HEAD ref: refs/heads/main"

func TestPinsOfLinks(t *testing.T) {
	for name, c := range map[string]struct {
		files  []string
		there  []string
		absent []string
	}{
		"a hook":            {[]string{repository, "ws/.git/hooks/pre-commit -> ../../tools/now", "ws/tools/now -> v1/hook", "ws/tools/v1/hook x"}, []string{".git", "tools/now", "tools/v1/hook"}, nil},
		"an absent hook":    {[]string{repository, "ws/.git/hooks/pre-commit -> ../../tools/deep/hook", "ws/tools/"}, []string{".git"}, []string{"tools/deep"}},
		"a link and back":   {[]string{"ws/.envrc -> way/../x", "ws/way -> a/b", "ws/a/b/", "ws/a/x y"}, []string{".envrc", "way", "a/x"}, nil},
		"a circle":          {[]string{"ws/.envrc -> one", "ws/one -> two", "ws/two -> one"}, []string{".envrc", "one", "two"}, nil},
		"a magic link":      {[]string{"ws/.envrc -> one", "ws/one -> /proc/self/fd/0"}, []string{".envrc", "one"}, nil},
		"a whole root":      {[]string{"ws/s/.git -> ..", "ws/HEAD x"}, []string{"s/.git", "HEAD"}, []string{"config", "hooks", "objects"}},
		"a folder of links": {[]string{"ws/.claude/deep/er/tool -> ../../../bin/tool", "ws/bin/tool x"}, []string{".claude", "bin/tool"}, nil},
		"a link to a folder of links": {[]string{repository, "ws/.git/hooks -> ../tools", "ws/tools/pre-commit -> ../src/hook", "ws/src/hook x"},
			[]string{".git", "tools", "src/hook"}, nil},
		"a file on the way": {[]string{"ws/.envrc -> file/x", "ws/file x"}, []string{".envrc", "file"}, nil},
		"out and back in":   {[]string{"ws/.envrc -> ../home/one", "home/one -> ../ws/two", "ws/two x"}, []string{".envrc", "two"}, nil},
		"a module":          {[]string{repository, "ws/.git/modules/a/b/HEAD x", "ws/.git/modules/a/b/hooks/post-checkout -> ../../../../../run", "ws/run x"}, []string{".git", "run"}, nil},
		"a linked worktree": {[]string{repository, "ws/.git/worktrees/w/gitdir ../../../deep/w/.git", "ws/.git/worktrees/w/commondir ../..", "ws/.git/config [core]\nhooksPath=own", "ws/deep/w/own/pre-commit x"},
			[]string{".git", "deep/w/own"}, []string{"own", "deep/w/.git"}},
		"the store of another repository":  {[]string{repository, "ws/.git/objects/info/alternates # no\n../../store\n", "ws/store/x y"}, []string{".git", "store"}, nil},
		"a git directory elsewhere":        {[]string{"ws/.git gitdir: real/dir\n", "ws/real -> over", "ws/over/dir/HEAD x", "ws/over/dir/commondir ../common", "ws/over/common/HEAD x", "ws/over/common/config [core]\nhooksPath=my hooks", "ws/mine x"}, []string{".git", "real", "over/dir", "over/common"}, []string{"my hooks"}},
		"a git directory that is none yet": {[]string{"ws/x/.git gitdir: ../src\n", "ws/src/main x", "ws/src/config y"}, []string{"x/.git", "src/config"}, []string{"src/HEAD", "src/hooks"}},
		"the repository above":             {[]string{".git/HEAD x", ".git/hooks/pre-commit -> ../../ws/tool", "ws/tool x"}, []string{"tool"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGround(t)
			g.files(c.files...)
			got := g.find()
			g.there(got, c.there...)
			for _, name := range c.absent {
				if !g.absent(got, name) {
					t.Errorf("%s may appear: %+v", name, got.Absent)
				}
			}
		})
	}
}

func TestPinsOfConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		files  []string
		there  []string
		absent []string
	}{
		"an included file":      {[]string{"ws/.git/config [include]\npath=../team", "ws/team [core]\nhooksPath=gh", "ws/gh/post-checkout x"}, []string{"team", "gh"}, nil},
		"an absent file":        {[]string{"ws/.git/config [includeIf \"onbranch:x\"]\npath=../sub/team", "ws/sub/"}, nil, []string{"sub/team"}},
		"a filter":              {[]string{"ws/.git/config [filter \"c\"]\nclean = ./tools/clean.sh %f", "ws/tools/clean.sh x"}, []string{"tools/clean.sh"}, nil},
		"an argument":           {[]string{"ws/.git/config [diff \"d\"]\ntextconv = python3 'tools/tc.py'", "ws/tools/tc.py -> v1.py", "ws/tools/v1.py x"}, []string{"tools/tc.py", "tools/v1.py"}, nil},
		"a folder is no editor": {[]string{"home/.gitconfig [core]\neditor = vim\npager = less -R", "ws/vim/x y", "ws/less/x y"}, nil, nil},
		"the user's hooks":      {[]string{"home/.config/git/config [core]\nhooksPath = ~/h", "home/h -> ../ws/dot/hooks", "ws/dot/hooks/pre-push x"}, []string{"dot/hooks"}, nil},
		"hooks in the root":     {[]string{"ws/.git/config [core]\nhooksPath = .", "ws/pre-push x"}, []string{"pre-push"}, []string{"pre-commit"}},
		"a module's tree stays": {[]string{"ws/.git/modules/m/HEAD x", "ws/.git/modules/m/config [core]\nworktree=../../../m\nhooksPath=h", "ws/m/h/pre-push x"}, []string{"m/h"}, nil},
		"another repository":    {[]string{"ws/.git/config [remote \"o\"]\nurl=sub/other", "ws/sub/other.git/HEAD x", "ws/sub/other.git/objects/", "ws/sub/other.git/refs/"}, []string{"sub/other.git"}, []string{"sub/other"}},
		"no address":            {[]string{"ws/.git/config [remote \"o\"]\nurl=backup\n[branch \"m\"]\nremote=o"}, nil, nil},
		"configuration by link": {[]string{"home/.gitconfig -> ../ws/dot/gitconfig", "ws/dot/gitconfig [alias]\nx=!./run now", "ws/run x"}, []string{"dot/gitconfig", "run"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGround(t)
			g.files(append(c.files, repository)...)
			got := g.find()
			g.there(got, append(c.there, ".git")...)
			for _, name := range c.absent {
				if !g.absent(got, name) {
					t.Errorf("%s may appear: %+v", name, got.Absent)
				}
			}
			if len(got.Absent) != 1+len(c.absent) && name != "hooks in the root" {
				t.Errorf("absent: %+v", got.Absent)
			}
		})
	}
}

// TestUnreadConfiguration checks that nothing starts where git's configuration can't be
// read, and that a repository below the root, which a command may have made, becomes
// read-only.
func TestUnreadConfiguration(t *testing.T) {
	for name, bad := range map[string]string{"NUL": "[core]\n\x00", "syntax": "[core\n", "size": "[core]\n" + strings.Repeat("#", 1<<20)} {
		for _, file := range []string{"ws/.git/config", "home/.gitconfig"} {
			g := newGround(t)
			g.files(repository, file+" "+bad)
			_, err := FindTrusted(policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: g.ws}, "", "", nil)
			if err == nil || !strings.Contains(err.Error(), filepath.Base(file)) {
				t.Errorf("%s in %s: %v", name, file, err)
			}
		}
		g := newGround(t)
		g.files(repository, "ws/sub/.git/config "+bad)
		got := g.find()
		if g.there(got, ".git", "sub"); len(got.Closed) != 1 || got.Closed[0].Path != g.ws+"/sub" {
			t.Errorf("%s: %+v", name, got.Closed)
		}
	}
	g := newGround(t)
	g.files(repository)
	if err := unix.Mkfifo(g.ws+"/.git/config", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := FindTrusted(policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: g.ws}, "", "", nil); err == nil {
		t.Error("a pipe is a configuration")
	}
}

func TestPinsAround(t *testing.T) {
	g := newGround(t)
	g.files(repository, "ws/ed x", "ws/lib/a.so x", "ws/lib/b.js -> c.js", "ws/lib/c.js x", "ws/z/.zshrc x", "ws/notes x",
		"home/.vimrc -> ../ws/dot/vimrc", "ws/dot/vimrc x", "home/.config/tool -> ../../ws/dot/tool", "ws/dot/tool/rc x", "home/bin -> ../ws/mine", "ws/mine/x y",
		"home/.local/bin/x -> ../../../ws/now", "ws/now -> later/x", "ws/later/",
		"home/project -> ../ws/src", "ws/src/x y")
	t.Setenv("MY_EDITOR", g.ws+"/ed --wait")
	t.Setenv("LD_PRELOAD", "/none.so:"+g.ws+"/lib/a.so")
	t.Setenv("NODE_OPTIONS", "--require="+g.ws+"/lib/b.js --max-old-space-size=100")
	t.Setenv("ZDOTDIR", g.ws+"/z")
	t.Setenv("NOTES", g.ws+"/notes")
	got := g.find()
	g.there(got, ".git", "ed", "lib/a.so", "lib/b.js", "lib/c.js", "z/.zshrc", "dot/vimrc", "dot/tool", "mine", "now")
	for _, name := range []string{"z/.zshenv", "later/x"} {
		if !g.absent(got, name) {
			t.Errorf("%s may appear: %+v", name, got.Absent)
		}
	}
}

// TestBounds checks that names by the thousand shut their own folder, and that what was
// guarded before stays guarded.
func TestBounds(t *testing.T) {
	g := newGround(t)
	store := t.TempDir()
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: g.ws}
	g.files(repository, "ws/mine/.envrc x", "ws/z/z/.git/HEAD x")
	before, err := FindTrusted(p, store, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	before.Since(time.Now(), 0, nil) // keeps the walk
	for i := range mostPins + 1 {
		g.files(fmt.Sprintf("ws/new/%d/.envrc x", i))
	}
	for i := range mostTree {
		g.files(fmt.Sprintf("ws/a%d/", i))
	}
	got, err := FindTrusted(p, store, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".git", "mine/.envrc", "z/z/.git"} {
		if !slices.Contains(got.There, filepath.Join(g.ws, name)) {
			t.Errorf("%s is guarded no more", name)
		}
	}
	if got.Unseen == 0 {
		t.Error("nothing is told of what was not seen")
	}
	again, err := FindTrusted(policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: g.ws + "/new"}, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(again.There); n == 0 || n > mostPins {
		t.Errorf("%d names are pinned", n)
	}
	many := newGround(t)
	many.files(repository)
	for i := range 300 {
		for _, name := range []string{".claude", ".vscode", ".idea", ".codex", ".agents", ".husky", ".hg", ".jj", ".sl", ".envrc", ".mcp.json", ".Claude", ".VSCODE", ".IDEA"} {
			many.files(fmt.Sprintf("ws/sub/%d/%s x", i, name))
		}
	}
	shut := many.find()
	if many.there(shut, ".git", "sub"); len(shut.Closed) != 1 || shut.Closed[0].Path != many.ws+"/sub" {
		t.Errorf("%+v", shut.Closed)
	}
}

// TestLongPaths checks that a path that is too long for the kernel stops no start.
func TestLongPaths(t *testing.T) {
	g := newGround(t)
	g.files(repository)
	name := strings.Repeat("n", 250)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	defer os.Chdir(here)
	if err := os.Chdir(g.ws); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chdir(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(here); err != nil {
		t.Fatal(err)
	}
	got := g.find()
	if g.there(got, ".git"); got.Unseen == 0 {
		t.Error("nothing is told of the folder")
	}
}

// TestForeignFaults checks that a repository that a command may have made closes itself
// alone: by a file that git can't read, in the repository or where a pointer leads, and by
// leading to too much.
func TestForeignFaults(t *testing.T) {
	var many strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&many, "[remote \"x%d\"]\nurl = ./t/%d\n", i, i)
	}
	for name, c := range map[string]struct {
		files []string
		there []string
	}{
		"of the worktree of a root": {[]string{"ws/x/.git/HEAD x", "ws/x/.git/worktrees/w/gitdir ../../../../.git", "ws/x/.git/worktrees/w/commondir ../..", "ws/x/.git/worktrees/w/config.worktree [core"}, []string{"x"}},
		"outside":                   {[]string{"ws/x/.git gitdir: ../../out\n", "out/HEAD x", "out/config [core"}, []string{"x"}},
		"too many leads":            {[]string{"ws/x/.git/HEAD x", "ws/x/.git/config " + many.String()}, []string{"x"}},
	} {
		g := newGround(t)
		g.files(append(c.files, repository, "ws/.git/hooks/pre-push -> ../../h", "ws/h x")...)
		got := g.find()
		g.there(got, append(c.there, ".git", "h")...)
		if len(got.Closed) == 0 || got.Closed[0].Path != g.ws+"/x" {
			t.Errorf("%s: %+v", name, got.Closed)
		}
	}
}

// TestPinsOfOwnConfiguration checks that a program that our configuration names can't be
// changed.
func TestPinsOfOwnConfiguration(t *testing.T) {
	g := newGround(t)
	g.files(repository, "ws/server x", "ws/lib/y x", "home/l/config.toml [mcp_servers.a]\ncommand = \""+g.ws+"/server\"\nargs = ['--x="+g.ws+"/lib/y']\n")
	got, err := FindTrusted(policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: g.ws}, "", "", []string{g.dir + "/home/l/config.toml"})
	if err != nil {
		t.Fatal(err)
	}
	g.there(got, ".git", "server", "lib/y")
}

// TestOldestStayGuarded checks that no names of a command displace what was guarded before:
// not by their number, not by what their repositories lead to, and not by their length.
func TestOldestStayGuarded(t *testing.T) {
	for name, attack := range map[string]func(g ground){
		"many names": func(g ground) {
			for i := range 2100 {
				g.files(fmt.Sprintf("ws/a%d/.vscode/", i), fmt.Sprintf("ws/a%d/.idea/", i))
			}
		},
		"much configuration": func(g ground) {
			for i := range 24 {
				dir, large := fmt.Sprintf("ws/a%d/.git/", i), "[a]\n"+strings.Repeat("#", 1_040_000)
				g.files(dir+"config [include]\npath=i1\npath=i2\npath=i3\n", dir+"i1 "+large, dir+"i2 "+large, dir+"i3 "+large)
			}
		},
		"much to remember": func(g ground) {
			for i := range 4200 {
				g.files(fmt.Sprintf("ws/a%d/", i))
			}
			g.files("ws/.run/")
			for i := range 70_000 {
				if err := os.Symlink("x", fmt.Sprintf("%s/.run/%0250d", g.ws, i)); err != nil {
					g.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGround(t)
			g.files(repository, "ws/.git/hooks/pre-push -> ../../s/h", "ws/s/h x", "ws/z/y/x/.git/HEAD x", "ws/z/y/x/.git/config [core]\nhooksPath=../../../shared\n", "ws/shared/")
			p, store := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: g.ws}, t.TempDir()
			for i := range 4 {
				got, err := FindTrusted(p, store, "", nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, want := range []string{".git", "s/h", "shared", "z/y/x/.git"} {
					if !slices.Contains(got.There, filepath.Join(g.ws, want)) {
						t.Errorf("start %d: %s is guarded no more", i, want)
					}
				}
				if i == 0 {
					attack(g)
				}
				got.Since(time.Now(), 0, nil)
			}
		})
	}
}

// TestForeignAbsentNames checks that repositories that a command may have made close
// themselves before they guard absent names without end.
func TestForeignAbsentNames(t *testing.T) {
	g := newGround(t)
	g.files(repository)
	for i := range 20 {
		var many strings.Builder
		for j := range 2000 {
			fmt.Fprintf(&many, "[blame]\nignoreRevsFile = ../c%dx%d\n", i, j)
		}
		g.files(fmt.Sprintf("ws/x%d/.git/config %s", i, &many))
	}
	got, n := g.find(), 0
	for _, a := range got.Absent {
		n += len(a.Names)
		if slices.ContainsFunc(got.Closed, func(c Closed) bool { return c.Path == a.Dir }) {
			t.Errorf("%s is closed, and names are wanted absent in it", a.Dir)
		}
	}
	if len(got.Closed) != 20 || n > 20_000 {
		t.Errorf("%d closed, %d absent", len(got.Closed), n)
	}
}

// TestManyFIFOs checks that the oldest FIFOs are covered, and no more than a start can cover.
func TestManyFIFOs(t *testing.T) {
	g := newGround(t)
	for i := range mostFIFOs + 10 {
		name := fmt.Sprintf("%s/p%d", g.ws, i)
		if i == 0 {
			name = g.ws + "/z"
		}
		if err := unix.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			time.Sleep(20 * time.Millisecond) // more than a tick of the file system's clock
		}
	}
	got := g.find()
	if len(got.FIFOs) != mostFIFOs || !slices.Contains(got.FIFOs, g.ws+"/z") || got.Unseen != 10 {
		t.Errorf("%d covered, %d unseen", len(got.FIFOs), got.Unseen)
	}
}
