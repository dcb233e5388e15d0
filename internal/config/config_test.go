//go:build unix

package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// newInput makes a user's home with a product home inside and a workspace outside of
// both, and writes config.toml unless config is empty.
func newInput(t *testing.T, config string) Input {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Home: filepath.Join(base, "home/.lockstile"), UserHome: filepath.Join(base, "home"), Workspace: filepath.Join(base, "work")}
	for _, dir := range []string{in.Home, in.Workspace} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if config != "" {
		writeFile(t, filepath.Join(in.Home, "config.toml"), config, 0o600)
	}
	return in
}

func writeFile(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil { // the umask has no say
		t.Fatal(err)
	}
}

func mustLoad(t *testing.T, in Input) policy.Policy {
	t.Helper()
	p, err := Load(in)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

// wantRefusal wants Load to refuse with every piece in the reason or the hint,
// and to return a policy that allows nothing.
func wantRefusal(t *testing.T, in Input, pieces ...string) {
	t.Helper()
	p, err := Load(in)
	var r *refusal.Error
	if !errors.As(err, &r) || r.Stage != refusal.StageConfig {
		t.Errorf("want a refusal with %q, got %v", pieces, err)
		return
	}
	for _, piece := range pieces {
		if !strings.Contains(r.Reason+"\n"+r.Hint, piece) {
			t.Errorf("want %q in %q, hint %q", piece, r.Reason, r.Hint)
		}
	}
	if strings.ContainsAny(r.Reason, "\n\x00\x1b") {
		t.Errorf("control character in %q", r.Reason)
	}
	if p.Mode != policy.ModeUnset {
		t.Errorf("a refused policy has mode %v", p.Mode)
	}
}

func TestDefaults(t *testing.T) {
	in := newInput(t, "")
	p := mustLoad(t, in)
	if p.Mode != policy.ModeWorkspaceWrite || p.Approval != policy.ApprovalOnRequest || p.NetworkAccess || !p.UnifiedExec ||
		p.WindowsSandbox != "elevated" || p.Env.Inherit != policy.InheritAll || p.Env.HandOnSecrets || p.TerminalEscapes || len(p.WritableRoots) != 0 {
		t.Errorf("%+v", p)
	}
	if p.Workspace != in.Workspace || p.Home != in.Home {
		t.Errorf("workspace %q, home %q", p.Workspace, p.Home)
	}
	if len(p.Values) != len(keys) {
		t.Errorf("%d values for %d keys", len(p.Values), len(keys))
	}
	for _, v := range p.Values {
		if v.From.Note != "default" || v.Value == nil {
			t.Errorf("%+v", v)
		}
	}
}

func TestEveryKey(t *testing.T) {
	in := newInput(t, `
sandbox_mode = "danger-full-access"
approval_policy = "never"
[sandbox_workspace_write]
network_access = true
writable_roots = ["/"]
exclude_tmpdir_env_var = true
exclude_slash_tmp = true
create = true
dangerous_system_folders = ["/etc"]
[git]
commit = true
[filesystem]
deny_read = ["/x"]
allow_read = ["/x/y"]
[windows]
sandbox = "unelevated"
[features]
unified_exec = false
[shell_environment_policy]
inherit = "core"
ignore_default_excludes = true
exclude = ["A*"]
include_only = ["B*"]
set = { "X.Y" = "1" }
[terminal]
dangerous_escapes = true
[sessions]
max = 300
[caches]
mode = "off"
max_mb = 1000
[limits]
processes = 1000
memory_mb = 1000
file_size_mb = 1000
open_files = 1000
cpu_seconds = 1000
wall_seconds = 1000
[trust]
writable = [".VSCode", ".idea", ".vscode"]
[linux]
without_namespaces = "container is the boundary"
[network]
allow = ["example.org", "*.example.org:8080"]
deny = ["bad.example.org:*"]
private = ["db.example.org:5432"]
publish = ["3000", "127.0.0.1:8080:80"]
unix_sockets = ["/x/agent.sock"]
dangerous_unix_sockets = ["/x/docker.sock"]
`)
	p := mustLoad(t, in)
	if p.Limits != (policy.Limits{Processes: 1000, MemoryMB: 1000, FileSizeMB: 1000, OpenFiles: 1000, CPUSeconds: 1000, WallSeconds: 1000}) || p.MaxSessions != 300 || p.Mode != policy.ModeDangerFullAccess || p.Approval != policy.ApprovalNever || !p.NetworkAccess || !p.ExcludeTmpdirEnvVar ||
		!p.ExcludeSlashTmp || p.WindowsSandbox != "unelevated" || p.UnifiedExec || !p.TerminalEscapes || p.Git != policy.GitOn || p.Caches != policy.CachesOff || p.MostCacheMB != 1000 || !p.WithoutNamespaces {
		t.Errorf("%+v", p)
	}
	if want := (policy.Network{Allow: []string{"example.org", "*.example.org:8080"}, Deny: []string{"bad.example.org:*"}, Private: []string{"db.example.org:5432"}, Publish: []string{"3000", "127.0.0.1:8080:80"}, Sockets: []string{"/x/agent.sock", "/x/docker.sock"}}); !reflect.DeepEqual(p.Network, want) {
		t.Errorf("%+v", p.Network)
	}
	if !slices.Equal(p.TrustWritable, []string{".idea", ".vscode"}) {
		t.Errorf("%q", p.TrustWritable)
	}
	if p.Env.Inherit != policy.InheritCore || !p.Env.HandOnSecrets || !slices.Equal(p.Env.Exclude, []string{"A*"}) ||
		!slices.Equal(p.Env.IncludeOnly, []string{"B*"}) || p.Env.Set["X.Y"] != "1" {
		t.Errorf("%+v", p.Env)
	}
	for _, v := range p.Values {
		if v.From.File != filepath.Join(in.Home, "config.toml") || v.From.Line < 2 || v.From.Line > 51 {
			t.Errorf("%+v", v)
		}
	}
	if got := p.Origin("features.unified_exec").Line; got != 19 {
		t.Errorf("unified_exec is said to stand in line %d", got)
	}
	if got := p.Origin(setKey).Line; got != 25 {
		t.Errorf("set is said to stand in line %d", got)
	}
}

func TestPrecedence(t *testing.T) {
	const file = "sandbox_mode = \"read-only\"\n[shell_environment_policy.set]\nA = \"file\"\nB = \"file\"\n" +
		"[profiles.p]\nsandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"\n[profiles.p.shell_environment_policy.set]\nB = \"profile\"\n"
	in := newInput(t, file)
	if p := mustLoad(t, in); p.Mode != policy.ModeReadOnly || p.Origin("sandbox_mode").Line != 1 {
		t.Errorf("file: %v %+v", p.Mode, p.Origin("sandbox_mode"))
	}
	in.Profile = "p"
	p := mustLoad(t, in)
	if from := p.Origin("sandbox_mode"); p.Mode != policy.ModeDangerFullAccess || from.Line != 6 || from.Note != "profile p" {
		t.Errorf("profile: %v %+v", p.Mode, from)
	}
	if p.Env.Set["A"] != "file" || p.Env.Set["B"] != "profile" {
		t.Errorf("set: %v", p.Env.Set)
	}
	in.Overrides = []string{"sandbox_mode=read-only", `sandbox_mode="workspace-write"`, "shell_environment_policy.set.C.D=2", "sandbox_workspace_write={network_access=true}"}
	p = mustLoad(t, in)
	if p.Mode != policy.ModeWorkspaceWrite || p.Origin("sandbox_mode").Note != "-c" || p.Env.Set["C.D"] != "2" || !p.NetworkAccess {
		t.Errorf("-c: %v %+v %v", p.Mode, p.Origin("sandbox_mode"), p.Env.Set)
	}
	in.Sandbox = "read-only"
	p = mustLoad(t, in)
	if p.Mode != policy.ModeReadOnly || p.Origin("sandbox_mode").Note != "flag --sandbox" || p.NetworkAccess {
		t.Errorf("--sandbox: %v %+v, network %v", p.Mode, p.Origin("sandbox_mode"), p.NetworkAccess)
	}
	in.Profile = "q"
	wantRefusal(t, in, `profile "q" is not defined`, `"p"`)
}

func TestOverrides(t *testing.T) {
	for override, piece := range map[string]string{
		"":                               "no key or no value",
		"sandbox_mode":                   "no key or no value",
		"=x":                             "no key or no value",
		"writable_roots=[]":              `the nearest is "sandbox_workspace_write.writable_roots"`,
		"modle=\"x\"":                    `the nearest is "model"`,
		"sandbox_mod=read-only":          `the nearest is "sandbox_mode"`,
		"sandbox_mode=read_only":         `the nearest is "read-only"`,
		"sandbox_mode=3":                 "must be a string, not an integer",
		"features.unified_exec=yes":      "must be true or false, not a string",
		"git.commit=yes":                 `must be true, false or "auto"`,
		"features=true":                  "must be a table, not a boolean",
		"features..unified_exec=true":    "unknown key",
		"profiles.p.sandbox_mode=x":      "--profile",
		"sandbox_mode.x=1":               "must be a string, not a table",
		"shell_environment_policy.set.=": "cannot be the name of a variable",
		"sandbox_workspace_write.writable_roots=/x":             "must be a list of strings, not a string",
		"sandbox_mode=\"read-only\"\napproval_policy=\"never\"": "is not one of",
	} {
		in := newInput(t, "")
		in.Overrides = []string{override}
		wantRefusal(t, in, "-c", piece)
	}
}

func TestBadFile(t *testing.T) {
	tests := []struct{ config, piece, another string }{
		{"\nsandbox_mod = 1", "config.toml:2: unknown key \"sandbox_mod\"", `"sandbox_mode"`},
		{"SANDBOX_MODE = \"read-only\"", "config.toml:1: unknown key", `"sandbox_mode"`},
		{"writable_roots = []", "config.toml:1: unknown key", `"sandbox_workspace_write.writable_roots"`},
		{"[feature]\nunified_exec = true", "config.toml:1: unknown key \"feature\"", `"features"`},
		{"[features]\n# x\nunified_exce = true", "config.toml:3: unknown key \"features.unified_exce\"", `"features.unified_exec"`},
		{"features = { unified_exec = true, x = 1 }", "config.toml:1: unknown key \"features.x\"", ""},
		{"\"features.unified_exec\" = false", "config.toml:1: unknown key", `"features.unified_exec"`},
		{"[profile.x]", "config.toml:1: \"profile\" is a key of codex", "--profile NAME"},
		{"[profiles.x]\nsandbox_mod = 1", "config.toml:2: unknown key \"sandbox_mod\"", `"sandbox_mode"`},
		{"[profiles.x.profiles.y]", "unknown key \"profiles\"", ""},
		{"[[profiles]]", "config.toml:1: profiles must be tables", ""},
		{"profiles.x = 1", "config.toml:1: profile \"x\" must be a table, not an integer", ""},
		{"\n\nsandbox_mode = true", "config.toml:3: sandbox_mode must be a string, not a boolean", ""},
		{"sandbox_mode = \"full\"", "config.toml:1: sandbox_mode = \"full\" is not one of read-only", "nearest"},
		{"[sandbox_workspace_write]\nnetwork_access = \"no\"", "config.toml:2: sandbox_workspace_write.network_access must be true or false", ""},
		{"[sandbox_workspace_write]\nwritable_roots = \"/x\"", "config.toml:2: sandbox_workspace_write.writable_roots must be a list", ""},
		{"[sandbox_workspace_write]\nwritable_roots = [\"/x\", 1]", "item 2 is an integer", ""},
		{"[sandbox_workspace_write]\nwritable_roots = [\"\"]", "item 1 is empty", ""},
		{"[sandbox_workspace_write]\nwritable_roots = [\"/a\\nb\"]", "control character", ""},
		{"[shell_environment_policy]\nset = 1", "set must be a table", ""},
		{"[shell_environment_policy.set]\nA = 1", "config.toml:2: shell_environment_policy.set.A must be a string, not an integer", ""},
		{"[shell_environment_policy.set]\n\"A=B\" = \"x\"", "\"A=B\" cannot be the name of a variable", ""},
		{"sandbox_mode = \"read-only\"\nsandbox_mode = \"read-only\"", "config.toml:2: not valid TOML: key sandbox_mode is already defined", ""},
		{"x", "config.toml:1: not valid TOML", ""},
		{"a\x00b = 1", "config.toml:1: holds a NUL", ""},
		{"a = \"\xff\"", "config.toml:1: not valid TOML", ""},
		{strings.Repeat("# filler\n", maxFileSize/9+1), "larger than 1048576 bytes", ""},
		{"x = " + strings.Repeat("[", 100_000), "not valid TOML", ""},
		{strings.Repeat("a.", 100_000) + "a = 1", "unknown key", ""},
	}
	for _, tt := range tests {
		wantRefusal(t, newInput(t, tt.config), tt.piece, tt.another)
	}
}

func TestSecretsStayOutOfErrorsAndValues(t *testing.T) {
	secret := "hunter2" + strings.Repeat("x", 8)
	for _, config := range []string{
		"[shell_environment_policy]\nset = \"" + secret + "\"",
		"[shell_environment_policy.set]\nA = [\"" + secret + "\"]",
		"[shell_environment_policy.set]\nA = " + secret,
		"[shell_environment_policy.set]\nA = \"" + secret,
		"[shell_environment_policy.set]\nA = \"" + secret + "\\u0000\"",
	} {
		_, err := Load(newInput(t, config))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", config, err)
		}
	}
	p := mustLoad(t, newInput(t, "[shell_environment_policy.set]\nA = \""+secret+"\""))
	for _, v := range p.Values {
		if names, ok := v.Value.([]string); v.Key == setKey && (!ok || !slices.Equal(names, []string{"A"})) {
			t.Errorf("%+v", v)
		}
	}
}

func TestFileKinds(t *testing.T) {
	in := newInput(t, "")
	file := filepath.Join(in.Home, "config.toml")
	remake := func(make func() error) {
		t.Helper()
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		if err := make(); err != nil {
			t.Fatal(err)
		}
	}
	remake(func() error { return os.Mkdir(file, 0o700) })
	wantRefusal(t, in, "is a directory, not a regular file")
	remake(func() error { return mkfifo(file) })
	wantRefusal(t, in, "is a FIFO, not a regular file")
	remake(func() error { return os.Symlink("/dev/zero", file) })
	wantRefusal(t, in, "is a device, not a regular file")
	remake(func() error { return os.Symlink("nowhere", file) })
	wantRefusal(t, in, "link to a file that does not exist")
	remake(func() error { return os.Symlink("config.toml", file) })
	wantRefusal(t, in, "can't be read")
	remake(func() error { return os.Symlink("real", file) })
	writeFile(t, filepath.Join(in.Home, "real"), "sandbox_mode = \"read-only\"", 0o644)
	if p := mustLoad(t, in); p.Mode != policy.ModeReadOnly {
		t.Errorf("a linked file gives mode %v", p.Mode)
	}
	writeFile(t, filepath.Join(in.Home, "real"), "", 0o646)
	wantRefusal(t, in, "can be written by everyone")
	writeFile(t, filepath.Join(in.Home, "real"), "", 0o600)
	if err := os.Chmod(in.Home, 0o777); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, in, "can be written by everyone", "chmod")
}

func TestForeignOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	in := newInput(t, "sandbox_mode = \"read-only\"")
	file := filepath.Join(in.Home, "config.toml")
	if err := os.Chown(file, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, in, "belongs to another user")
	if err := os.Chown(file, 0, 65534); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o660); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, in, "can be written by its group")
}

// TestWorkspaceHasNoSay checks that no file of a workspace is read as configuration.
func TestWorkspaceHasNoSay(t *testing.T) {
	in := newInput(t, "")
	dir := filepath.Join(in.Workspace, ".lockstile")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "config.toml"), "sandbox_mode = \"danger-full-access\"", 0o644)
	writeFile(t, filepath.Join(in.Workspace, "config.toml"), "sandbox_mode = \"danger-full-access\"", 0o644)
	t.Chdir(in.Workspace)
	if p := mustLoad(t, in); p.Mode != policy.ModeWorkspaceWrite {
		t.Errorf("mode %v", p.Mode)
	}
	in.Home = ".lockstile"
	wantRefusal(t, in, "not an absolute path")
	in.Home = dir
	wantRefusal(t, in, "where lockstile keeps its configuration")
}

func TestCounts(t *testing.T) {
	for value, ok := range map[string]bool{"9": true, "64": true, "4096": true, "8": false, "-1": false, "4097": false, "64.0": false, `"64"`: false, "true": false, "99999999999999999999": false} {
		in := newInput(t, "")
		in.Overrides = []string{"sessions.max=" + value}
		if _, err := Load(in); (err == nil) != ok {
			t.Errorf("%s: %v", value, err)
		}
	}
}
