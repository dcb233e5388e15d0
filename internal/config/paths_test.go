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
	wantRefusal(t, in, "the whole file system")
	in.Sandbox = "danger-full-access"
	mustLoad(t, in)
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

func TestTmpdir(t *testing.T) {
	in := newInput(t, "")
	base := filepath.Dir(in.Workspace)
	tmp := mkdir(t, base, "tmp")
	env := map[string]string{}
	in.Environ = func(name string) string { return env[name] }
	for _, hostile := range []string{"/", in.UserHome, "relative", "/none", "/a\nb", base, filepath.Join(in.UserHome, ".ssh"), tmp + "/../home"} {
		env["TMPDIR"] = hostile
		in.Overrides = nil
		if p := mustLoad(t, in); len(p.WritableRoots) != 0 {
			t.Errorf("with a private /tmp, TMPDIR=%q gives %+v", hostile, p.WritableRoots)
		}
		in.Overrides = []string{"sandbox_workspace_write.private_tmp=false", "sandbox_workspace_write.exclude_slash_tmp=true"}
		wantRefusal(t, in, "TMPDIR", "exclude_tmpdir_env_var")
	}
	env["TMPDIR"] = tmp
	p := mustLoad(t, in)
	if len(p.WritableRoots) != 1 || p.WritableRoots[0].Path != tmp || p.WritableRoots[0].From.Note != "environment TMPDIR" {
		t.Errorf("%+v", p.WritableRoots)
	}
	in.Overrides = append(in.Overrides, "sandbox_workspace_write.exclude_tmpdir_env_var=true")
	if p := mustLoad(t, in); len(p.WritableRoots) != 0 {
		t.Errorf("excluded: %+v", p.WritableRoots)
	}
}

func TestReadRules(t *testing.T) {
	in := newInput(t, "[filesystem]\ndeny_read = [\"~/private\"]\nallow_read = [\"~/.ssh\", \"~/.aws/config\", \"~/opened\"]\n")
	base := filepath.Dir(in.Workspace)
	mkdir(t, in.UserHome, ".ssh")
	mkdir(t, base, "disk/kube")
	symlink(t, filepath.Join(base, "disk/kube"), filepath.Join(in.UserHome, ".kube"))
	mkdir(t, base, "disk/config/gh")
	symlink(t, filepath.Join(base, "disk/config"), filepath.Join(in.UserHome, ".config"))
	mkdir(t, in.UserHome, ".gnupg")
	symlink(t, filepath.Join(in.UserHome, ".gnupg"), filepath.Join(in.UserHome, "opened"))
	p := mustLoad(t, in)
	for path, want := range map[string]bool{
		in.UserHome + "/.ssh/id": true, in.UserHome + "/.aws/config": true, in.UserHome + "/.aws/credentials": false, in.UserHome + "/private/x": false,
		base + "/disk/kube/config": false, base + "/disk/config/gh/hosts.yml": false, base + "/disk/config/ghx": true, in.UserHome + "/.gnupg/x": false,
		in.Home + "/config.toml": false,
	} {
		if d := p.DecideRead(path); d.Allowed != want {
			t.Errorf("read %q: %+v", path, d)
		}
	}
	if d := p.DecideRead(in.UserHome + "/private/x"); d.From.Line != 2 {
		t.Errorf("the rule stands in line %d", d.From.Line)
	}
}

// A home reached by a link hides its stores under the real path.
func TestLinkedHome(t *testing.T) {
	in := newInput(t, "")
	real := in.UserHome
	in.UserHome = symlink(t, real, filepath.Join(filepath.Dir(real), "alias"))
	p := mustLoad(t, in)
	if d := p.DecideRead(real + "/.ssh/id"); d.Allowed {
		t.Errorf("%+v", d)
	}
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
