//go:build !windows

package policy

import (
	"strings"
	"testing"
)

func testPolicy() Policy {
	return Policy{
		Mode: ModeWorkspaceWrite, Approval: ApprovalOnRequest, Workspace: "/w/proj", Home: "/home/u/.lockstile",
		WritableRoots: []Root{{Path: "/w/out"}}, Env: Env{Inherit: InheritAll},
		Read: append(defaultRead("/home/u"), ReadRule{Pattern: "/home/u/.lockstile"},
			ReadRule{Pattern: "/home/u/.ssh/known_hosts", Allow: true}, ReadRule{Pattern: "/w/proj/**/*.pem"}, ReadRule{Pattern: "/w/proj/pub/**", Allow: true},
			ReadRule{Pattern: "/w/tie", Allow: true}, ReadRule{Pattern: "/w/tie"}, ReadRule{Pattern: "", Allow: true}),
	}
}

func TestDecideRead(t *testing.T) {
	p := testPolicy()
	for target, want := range map[string]bool{
		"/etc/hostname": true, "/home/u/x": true, "/home/u/.ssh": false, "/home/u/.ssh/id": false, "/home/u/.sshx": true,
		"/home/u/.ssh/known_hosts": true, "/home/u/.ssh/known_hosts.old": false, "/home/u/.ssh/../.ssh/id": false, "/home/u//.aws/": false,
		"/home/u/.docker/config.json": false, "/home/u/.docker/cli": true, "/home/u/vault.kdbx": false, "/home/u/d/vault.kdbx": true,
		"/home/u/.lockstile/config.toml": false, "/w/proj/a/b.pem": false, "/w/proj/pub/b.pem": true, "/w/proj/b.pem.txt": true,
		"/w/tie": false, "/w/tie/x": false, "/etc/shadow": false, "relative": false, "": false, "/a\x00": false,
	} {
		if d := p.DecideRead(target); d.Allowed != want || d.Rule == "" || d.Layer == "" {
			t.Errorf("read %q: %+v", target, d)
		}
	}
}

func TestDecideWrite(t *testing.T) {
	p := testPolicy()
	table := map[string]bool{
		"/w/proj": true, "/w/proj/a/b": true, "/w/proj-evil/a": false, "/w": false, "/w/out/x": true, "/etc/x": false, "/home/u/.bashrc": false,
		"/w/proj/.git": false, "/w/proj/.git/hooks/x": false, "/w/proj/a/b/.git/config": false, "/w/proj/.GIT/x": false, "/w/out/.envrc": false,
		"/w/proj/.gitignore": true, "/w/proj/.bashrc": false, "/w/proj/a/.bashrc": true, "/w/proj/x.code-workspace": false, "/w/proj/../x": false,
		"/w/proj/a.pem": false, "/tmp/x": true, "/tmp/.git/x": true, "/tmpx": false, "/var/tmp/x": false,
		"/dev/null": true, "/dev/sda": false, "/dev/pts/3": true, "/dev/shm/x": true, "/home/u/.lockstile/sandbox.log": false, "w": false,
	}
	for target, want := range table {
		if d := p.DecideWrite(target); d.Allowed != want || d.Rule == "" || d.Layer == "" {
			t.Errorf("write %q: %+v", target, d)
		}
	}
	p.Mode = ModeReadOnly
	for target := range table {
		want := target == "/dev/null" || target == "/dev/pts/3"
		if d := p.DecideWrite(target); d.Allowed != want {
			t.Errorf("read-only, write %q: %+v", target, d)
		}
	}
	p.Mode, p.ExcludeSlashTmp = ModeWorkspaceWrite, true
	if p.DecideWrite("/tmp/x").Allowed {
		t.Error("an excluded /tmp is writable")
	}
	p.WritableRoots = []Root{{Path: "/w/proj/.git"}}
	if p.DecideWrite("/w/proj/.git/index").Allowed {
		t.Error("a root within a protected folder opens it")
	}
}

func TestDecideConnect(t *testing.T) {
	p := testPolicy()
	for _, target := range []string{"example.org:443", "127.0.0.1:80", "[::1]:80", "unix:/run/docker.sock"} {
		if d := p.DecideConnect(target); d.Allowed {
			t.Errorf("connect %q: %+v", target, d)
		}
	}
	p.NetworkAccess = true
	for target, want := range map[string]bool{"example.org:443": true, "[::1]:80": true, "example.org": false, ":80": false, "h:0": false, "h:99999": false, "a b:1": false} {
		if d := p.DecideConnect(target); d.Allowed != want || d.Rule == "" {
			t.Errorf("network on, connect %q: %+v", target, d)
		}
	}
	p.Mode = ModeReadOnly
	if p.DecideConnect("example.org:443").Allowed {
		t.Error("read-only has a network")
	}
}

func TestDecideEnv(t *testing.T) {
	p := testPolicy()
	p.Env.Set = map[string]string{"MY_TOKEN": "x"}
	for target, want := range map[string]bool{"PATH=/bin": true, "GITHUB_TOKEN=x": false, "MY_TOKEN": true, "X=sk-" + strings.Repeat("A1b2C3d4", 5): false, "": false} {
		if d := p.Decide(AccessEnv, target); d.Allowed != want || d.Rule == "" {
			t.Errorf("env %q: %+v", target, d)
		}
	}
}

func TestZeroPolicyDeniesAndFullAccessAllows(t *testing.T) {
	targets := map[Access]string{AccessRead: "/etc/shadow", AccessWrite: "/x", AccessConnect: "h:1"}
	for a, target := range targets {
		if d := (Policy{}).Decide(a, target); d.Allowed || d.Rule == "" {
			t.Errorf("zero policy, %s: %+v", a, d)
		}
		if d := (Policy{Mode: ModeDangerFullAccess}).Decide(a, target); !d.Allowed || d.Residual == "" {
			t.Errorf("full access, %s: %+v", a, d)
		}
	}
	if d := (Policy{Env: Env{Inherit: InheritAll}}).DecideEnv("PATH", "/bin"); d.Allowed {
		t.Errorf("zero mode, env: %+v", d)
	}
	if d := testPolicy().Decide("other", "/w/proj"); d.Allowed || !strings.Contains(d.Rule, "other") {
		t.Errorf("unknown access: %+v", d)
	}
}

func TestDefaultReadEscapesHome(t *testing.T) {
	p := Policy{Mode: ModeReadOnly, Read: defaultRead("/home/[u]")}
	if p.DecideRead("/home/[u]/.ssh/id").Allowed || !p.DecideRead("/home/u/.ssh/id").Allowed {
		t.Error("a home with brackets in its name is taken for a glob")
	}
}
