//go:build unix

package config

import (
	"os"
	"path/filepath"
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
		in.Workspace + "/.git": "does not exist", "/dev/shm": "lies in /dev",
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
