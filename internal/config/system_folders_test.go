//go:build linux

package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSystemFolders checks which folders of the machine may not be written unless the user
// says so.
func TestSystemFolders(t *testing.T) {
	home := "/home/u"
	for dir, want := range map[string]string{
		"/etc": "/etc", "/etc/x/y": "/etc", "/etcetera": "", "/usr": "/usr", "/usr/local/bin": "/usr", "/usr/src": "/usr", "/usr/src/app": "", "/usr/local/src/x": "",
		"/boot": "/boot", "/home": "/home", "/home/v/project": "", "/var": "/var", "/var/lib": "/var/lib", "/var/lib/jenkins/workspace/x": "", "/var/spool/cron": "/var/spool",
		"/var/www": "/var/www", "/var/www/site": "", "/opt": "/opt", "/opt/app": "", "/srv/git": "", "/app": "", "/workspaces/x": "", "/tmp/x": "",
		home + "/.config": home + "/.config", home + "/.config/nvim": home + "/.config", home + "/.local/bin": home + "/.local/bin", home + "/.local": home + "/.local",
		home + "/.local/share/x": "", home + "/Library/LaunchAgents": home + "/Library", home + "/bin": home + "/bin", home + "/src/x": "", home + "/.configured": "",
	} {
		if got := systemFolder(dir, home, nil); got != want {
			t.Errorf("%s is %q, want %q", dir, got, want)
		}
	}
	if got := systemFolder("/usr/home/u/src", "/usr/home/u", nil); got != "" {
		t.Errorf("a home in /usr is %q", got)
	}
	if got := systemFolder("/etc/x/y", home, []string{"/etc/x"}); got != "" {
		t.Errorf("a folder that the user wants is %q", got)
	}
	if got := systemFolder("/etc", home, []string{"/etc/x"}); got != "/etc" {
		t.Errorf("a folder around the one that the user wants is %q", got)
	}
}

func TestSystemFolderIsRefused(t *testing.T) {
	in := newInput(t, "")
	in.Workspace = "/etc"
	wantRefusal(t, in, `the workspace "/etc" is a system folder`, "dangerous_system_folders")
	in.Overrides = []string{`sandbox_workspace_write.dangerous_system_folders=["/etc/"]`}
	if p := mustLoad(t, in); p.Workspace != "/etc" {
		t.Errorf("%q", p.Workspace)
	}
	in.Overrides = []string{`sandbox_workspace_write.dangerous_system_folders=["etc"]`}
	wantRefusal(t, in, "is not an absolute path")
	in = newInput(t, "")
	in.Overrides = []string{`sandbox_workspace_write.writable_roots=["/usr/share"]`}
	wantRefusal(t, in, `"/usr/share" lies in the system folder /usr`)
	link := symlink(t, "/etc", filepath.Join(filepath.Dir(in.Workspace), "harmless"))
	in.Overrides = []string{`sandbox_workspace_write.writable_roots=["` + link + `"]`}
	wantRefusal(t, in, "is a system folder")
}

// TestRootsToMake checks that absent roots are known where they will be, and judged like all.
func TestRootsToMake(t *testing.T) {
	in := newInput(t, "")
	base := filepath.Dir(in.Workspace)
	set := func(root string) {
		in.Overrides = []string{"sandbox_workspace_write.create=true", `sandbox_workspace_write.writable_roots=["` + root + `"]`}
	}
	set(base + "/new/deep")
	p := mustLoad(t, in)
	if len(p.WritableRoots) != 1 || p.WritableRoots[0].Path != base+"/new/deep" || !p.WritableRoots[0].Make {
		t.Errorf("%+v", p.WritableRoots)
	}
	if _, err := os.Lstat(base + "/new"); err == nil {
		t.Error("reading the configuration makes folders")
	}
	set(base)
	wantRefusal(t, in, "contains ")
	set("/etc/new")
	wantRefusal(t, in, "lies in the system folder /etc")
	set("~/.aws/new")
	wantRefusal(t, in, "may not be read")
	link := symlink(t, "/etc", in.Workspace+"/link")
	set(link + "/new")
	if p := mustLoad(t, in); len(p.WritableRoots) != 0 || len(p.LeftOut) != 1 {
		t.Errorf("%+v", p)
	}
	set(in.Workspace + "/new") // a command could put a link there before lockstile makes the folder
	if p := mustLoad(t, in); len(p.WritableRoots) != 0 || len(p.LeftOut) != 1 {
		t.Errorf("%+v", p)
	}
	set(in.Workspace + "/file/new")
	if err := os.WriteFile(in.Workspace+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if p := mustLoad(t, in); len(p.WritableRoots) != 0 || len(p.LeftOut) != 1 {
		t.Errorf("%+v", p)
	}
}
