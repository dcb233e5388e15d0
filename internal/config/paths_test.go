//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/policy"
)

func mkdir(t *testing.T, elem ...string) string {
	t.Helper()
	dir := filepath.Join(elem...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func symlink(t *testing.T, target, link string) string {
	t.Helper()
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	return link
}

func TestWorkspace(t *testing.T) {
	in := newInput(t, "")
	base := filepath.Dir(in.Workspace)
	ssh := mkdir(t, in.UserHome, ".ssh")
	hooks := mkdir(t, in.Workspace, ".git/hooks")
	writeFile(t, filepath.Join(base, "file"), "", 0o600)
	loop := symlink(t, "loop", filepath.Join(base, "loop"))
	link := symlink(t, in.Workspace, filepath.Join(base, "link"))
	toRoot := symlink(t, "/", filepath.Join(base, "root"))
	toSSH := symlink(t, ssh, filepath.Join(base, "innocent"))

	refused := map[string]string{
		"": "the workspace is empty", "/": "the whole file system", toRoot: "the whole file system", in.UserHome: "is the home directory",
		base: "contains ", in.Home: "where lockstile keeps", ssh: "may not be read", toSSH: "may not be read", hooks: "lies in a git directory",
		filepath.Join(base, "none"): "does not exist", filepath.Join(base, "file"): "is not a directory", loop: "can't be resolved",
		"/w\x00": "NUL", "/proc": "lies in /proc", filepath.Join(base, "file", "x"): "",
	}
	for dir, piece := range refused {
		in.Workspace = dir
		wantRefusal(t, in, "workspace", piece)
	}
	in.Workspace = link
	if p := mustLoad(t, in); p.Workspace != filepath.Join(base, "work") {
		t.Errorf("a linked workspace is %q", p.Workspace)
	}
	t.Chdir(filepath.Join(base, "work"))
	in.Workspace = "."
	if p := mustLoad(t, in); p.Workspace != filepath.Join(base, "work") {
		t.Errorf("the current directory is %q", p.Workspace)
	}
	in.Workspace, in.Sandbox = in.UserHome, "read-only"
	if p := mustLoad(t, in); p.Workspace != in.UserHome {
		t.Errorf("read-only in the home: %q", p.Workspace)
	}
	in.Workspace = "/"
	for _, in.Sandbox = range []string{"read-only", "danger-full-access"} {
		mustLoad(t, in)
	}
	in.Sandbox = "workspace-write"
	wantRefusal(t, in, "the whole file system")
}

func TestWritableRoots(t *testing.T) {
	in := newInput(t, "")
	base := filepath.Dir(in.Workspace)
	out := mkdir(t, base, "work-out")
	mkdir(t, in.UserHome, ".aws")
	mkdir(t, in.Workspace, ".vscode/x")
	toRoot := symlink(t, "/", filepath.Join(base, "root"))
	refused := map[string]string{
		"..": "is not an absolute path", "out": "is not an absolute path", "~x": "is not an absolute path", in.Workspace + "/../work-out": `holds ".."`,
		"/": "the whole file system", "/.": "the whole file system", toRoot: "the whole file system", "~": "is the home directory", base: "contains ",
		"~/.aws": "may not be read", in.Home: "where lockstile keeps", "/none": "does not exist", in.Workspace + "/.vscode/x": "below the protected name",
		"/dev/shm": "lies in /dev",
	}
	for root, piece := range refused {
		in.Overrides = []string{"sandbox_workspace_write.writable_roots=['" + root + "']"}
		wantRefusal(t, in, "-c", "writable", piece)
	}
	in.Overrides = []string{`sandbox_workspace_write.writable_roots=["` + out + `/.", "` + out + `", "` + in.Workspace + `"]`}
	p := mustLoad(t, in)
	if len(p.WritableRoots) != 1 || p.WritableRoots[0].Path != out || p.WritableRoots[0].From.Note != "-c" {
		t.Errorf("%+v", p.WritableRoots)
	}
	in.Sandbox = "read-only"
	if p := mustLoad(t, in); len(p.WritableRoots) != 0 || len(p.Roots()) != 0 {
		t.Errorf("read-only has roots %+v", p.WritableRoots)
	}
}

// TestLinkedHome checks that a home reached by a link is the same home.
func TestLinkedHome(t *testing.T) {
	in := newInput(t, "")
	real := in.UserHome
	in.UserHome = symlink(t, real, filepath.Join(filepath.Dir(real), "alias"))
	in.Workspace = real
	wantRefusal(t, in, "is the home directory")
	in.UserHome = "relative"
	wantRefusal(t, in, "home directory")
}

func TestEveryModeIsReachable(t *testing.T) {
	in := newInput(t, "")
	for _, m := range lookup("sandbox_mode").choices {
		in.Sandbox = m
		if p := mustLoad(t, in); p.Mode == policy.ModeUnset || p.Mode.String() != m {
			t.Errorf("%q gives %v", m, p.Mode)
		}
	}
	in.Sandbox = ""
	for _, a := range lookup("approval_policy").choices {
		in.Overrides = []string{"approval_policy=" + a}
		if p := mustLoad(t, in); p.Approval.String() != a {
			t.Errorf("%q gives %v", a, p.Approval)
		}
	}
}

// TestWaysOfRoots checks that a root about which a command could have decided is left out
// and told, whatever the link leads to, and that the rest of the policy holds.
func TestWaysOfRoots(t *testing.T) {
	in := newInput(t, "")
	base := filepath.Dir(in.Workspace)
	out, before := mkdir(t, base, "work-out"), mkdir(t, base, "before")
	mkdir(t, in.UserHome, ".aws")
	symlink(t, before+"/inner", filepath.Join(base, "twice"))
	symlink(t, in.Workspace+"/inner", filepath.Join(base, "over"))
	mkdir(t, in.Workspace, "sub")
	writeFile(t, in.Workspace+"/file", "", 0o600)
	loop := symlink(t, "loop", filepath.Join(before, "loop"))
	in.EarlierRoots = func(string) []string { return []string{before} }
	name := func(dir, to string) string {
		link := filepath.Join(dir, "inner")
		os.Remove(link)
		return symlink(t, to, link)
	}
	for _, to := range []string{out, "/", "/none", in.UserHome, filepath.Join(in.UserHome, ".aws"), in.Home, "/proc", "inner", loop, in.Workspace + "/file"} {
		name(before, to)
		name(in.Workspace, to)
		for _, root := range []string{before + "/inner", before + "/inner/", in.Workspace + "/inner", base + "/twice", base + "/over", loop, loop + "/x"} {
			in.Overrides = []string{`sandbox_workspace_write.writable_roots=["` + root + `", "` + out + `"]`}
			p := mustLoad(t, in)
			if len(p.WritableRoots) != 1 || p.WritableRoots[0].Path != out {
				t.Errorf("%s to %s: roots %+v", root, to, p.WritableRoots)
			}
			if len(p.LeftOut) != 1 || !strings.Contains(p.LeftOut[0].Why, "leads over the link") || p.LeftOut[0].Mend == "" || p.LeftOut[0].From.Note != "-c" {
				t.Errorf("%s to %s: left out %+v", root, to, p.LeftOut)
			} else if want := `name where it leads, if that is meant: "` + out + `"`; to == out && !strings.HasSuffix(root, "x") && !strings.HasPrefix(root, loop) && p.LeftOut[0].Mend != want {
				t.Errorf("%s: %s", root, p.LeftOut[0].Mend)
			}
		}
	}
	// What a command could have removed, or replaced by a file.
	for _, root := range []string{before + "/gone/x", in.Workspace + "/file", in.Workspace + "/.git"} {
		in.Overrides = []string{`sandbox_workspace_write.writable_roots=["` + root + `"]`}
		if p := mustLoad(t, in); len(p.WritableRoots) != 0 || len(p.LeftOut) != 1 || !strings.Contains(p.LeftOut[0].Mend, "make the folder") {
			t.Errorf("%s: %+v, %+v", root, p.WritableRoots, p.LeftOut)
		}
	}
	// A link in another root of the same start.
	link := symlink(t, mkdir(t, base, "far"), filepath.Join(out, "link"))
	in.Overrides = []string{`sandbox_workspace_write.writable_roots=["` + link + `", "` + out + `"]`}
	if p := mustLoad(t, in); len(p.WritableRoots) != 1 || len(p.LeftOut) != 1 || p.LeftOut[0].Path != link {
		t.Errorf("%+v, %+v", p.WritableRoots, p.LeftOut)
	}
	in.Sandbox = "read-only"
	if p := mustLoad(t, in); len(p.LeftOut) != 0 {
		t.Errorf("read-only: %+v", p.LeftOut)
	}
	in.Sandbox, in.Overrides = "", nil
	in.Workspace = symlink(t, in.Workspace, filepath.Join(before, "ws"))
	wantRefusal(t, in, "leads over the link", "name where it leads: -C ")
}
