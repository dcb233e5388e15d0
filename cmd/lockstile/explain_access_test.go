//go:build linux

package main

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// answered is a row of the table: the words behind "explain", the exit code, and texts of
// the answer.
type answered struct {
	words string
	code  int
	want  []string
}

func TestExplainAnswers(t *testing.T) {
	p := newPlace(t)
	home := newHome(p)
	env := p.env
	p.repository()
	p.env = append(p.env, env...)
	out := filepath.Join(p.dir, "out")
	mkdir(t, out)
	write(t, p.ws+"/.envrc", "echo\n")
	link(t, home+"/.ssh/id", p.ws+"/key")
	p.config("[filesystem]\ndeny_read = [\"" + p.dir + "/closed\"]\nallow_read = [\"" + p.dir + "/closed/open\"]\n[shell_environment_policy]\nexclude = [\"MINE\"]\n")
	write(t, p.dir+"/closed/f", "x")
	write(t, p.dir+"/closed/open/f", "x")
	p.env = append(p.env, "MINE=1", "GITHUB_TOKEN=x", "PLAIN=sk-"+strings.Repeat("A1b2C3d4", 5), "FINE=1")
	for _, row := range []answered{
		{"read f", 0, []string{"allowed: a command may read f", "path    " + p.ws + "/f", "absent", "filesystem.deny_read = "}},
		{"read ../out", 0, []string{"path    " + out}},
		{"read key", 1, []string{"denied", "path    " + home + "/.ssh/id", "default credential store", "filesystem.allow_read = [\"" + p.dir + "/closed/open\", "}},
		{"read " + p.dir + "/closed/f", 1, []string{"config.toml:2", "mask"}},
		{"read " + p.dir + "/closed/open/f", 0, []string{"config.toml:3"}},
		{"write " + p.dir + "/closed/open/f", 1, []string{"shown again"}},
		{"write new/f", 0, []string{"workspace", `sandbox_mode = "read-only" would deny it`}},
		{"write --sandbox read-only f", 1, []string{"flag --sandbox", "--sandbox workspace-write would allow it"}},
		{"write " + out + "/f", 1, []string{"outside the workspace", "writable_roots = [\"" + out + "\"] would allow it"}},
		{"write .envrc", 1, []string{"protected name \".envrc\"", "mount (protected name)"}},
		{"write .vscode/x", 1, []string{"protected name \".vscode\"", "taken back"}},
		{"write sub/.vscode/x", 0, []string{"no repository"}},
		{"write .git/hooks/x", 1, nil},
		{"write -c git.commit=false .git/MERGE_MSG", 1, []string{"protected name \".git\""}},
		{"write /tmp/x", 0, []string{"the host doesn't see"}},
		{"write -c sandbox_workspace_write.exclude_slash_tmp=true /tmp/x", 1, []string{"exclude_slash_tmp = true (-c)"}},
		{"write " + p.home + "/config.toml", 1, []string{"lockstile's own folder"}},
		{"read /proc/1/environ", 1, []string{"only its own processes"}},
		{"write /sys/x", 1, []string{"outside"}},
		{"read --sandbox danger-full-access key", 0, []string{"nothing is restricted"}},
		{"connect example.org:443", 1, []string{"-c 'network.allow=[\"example.org:443\"]'", "names aren't resolved"}},
		{"connect 127.0.0.1:80", 1, []string{"the same command started"}},
		{"connect unix:/run/docker.sock", 1, []string{"no setting shows a socket"}},
		{"connect -c sandbox_workspace_write.network_access=true unix:/run/docker.sock", 1, []string{"no setting shows a socket"}},
		{"connect -c sandbox_workspace_write.network_access=true example.org:443", 0, []string{"-c 'sandbox_workspace_write.network_access=false' would deny it"}},
		{"connect nonsense", 1, []string{"not HOST:PORT"}},
		{"env FINE", 0, []string{`exclude = ["MINE", "FINE"] would deny it`}},
		{"env MINE", 1, []string{"config.toml:5", "exclude = [] would allow it"}},
		{"env GITHUB_TOKEN", 1, []string{"*TOKEN*", "ignore_default_excludes = true"}},
		{"env PLAIN", 1, []string{"values that look like a secret"}},
		{"run -- sh", 0, []string{"file     /", "would start", "nobody is asked"}},
		{"run -- no-such-program", 1, []string{"no folder of PATH"}},
		{"run -c approval_policy=untrusted -- make", 1, nil},
		{"run -c approval_policy=untrusted -- cat f", 0, []string{"nothing but look"}},
		{"run -c approval_policy=untrusted -- touch f", 0, []string{"asks the user first", "(approval_policy, -c)"}},
		{"read -C / f", 126, nil},
		{"read -c nonsense=1 f", 126, nil},
		{"read", 2, nil},
		{"read a b", 2, nil},
		{"eat a", 2, nil},
	} {
		r := p.lockstile(append([]string{"explain"}, strings.Fields(row.words)...)...)
		if r.code != row.code && row.words != "run -c approval_policy=untrusted -- make" {
			t.Errorf("%s: exit %d\n%s%s", row.words, r.code, r.stdout, r.stderr)
		}
		for _, want := range row.want {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("%s: no %q in\n%s%s", row.words, want, r.stdout, r.stderr)
			}
		}
	}
	if exists(p.home + "/sandbox.log") {
		t.Error("a question is in the log")
	}
}

func TestExplainAnswersAsJSON(t *testing.T) {
	p := newPlace(t)
	var a struct {
		Allowed                        bool
		Rule, Layer, Setting, Path     string
		From                           struct{ Note string }
		Access, Target, Instead, Notes any
	}
	r := p.lockstile("explain", "write", "--json", "f\x1b[31m")
	if err := json.Unmarshal([]byte(r.stdout), &a); err != nil || !a.Allowed || a.Setting != `sandbox_mode="read-only"` || a.Path != p.ws+"/f\x1b[31m" || a.Layer == "" || strings.Contains(r.stdout, "\x1b") {
		t.Errorf("%v %+v %q", err, a, r.stdout)
	}
	if r := p.lockstile("explain", "write", "f\x1b[31m"); strings.Contains(r.stdout, "\x1b") {
		t.Errorf("%q", r.stdout)
	}
	if r := p.lockstile("explain", "run", "--json", "--", "true"); !strings.Contains(r.stdout, `"allowed":true`) && !strings.Contains(r.stdout, `"allowed": true`) {
		t.Errorf("%q", r.stdout)
	}
}

// TestProposalsHold checks that a proposed setting turns the answer around, and that a
// command then can do it.
func TestProposalsHold(t *testing.T) {
	p := newPlace(t)
	newHome(p)
	out := filepath.Join(p.dir, "out")
	mkdir(t, out)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for words, script := range map[string]string{
		"write " + out + "/f":                  "echo x > " + out + "/f",
		"read " + p.dir + "/u/.ssh/id":         "grep -q canary " + p.dir + "/u/.ssh/id",
		"connect " + l.Addr().String():         "exec 3<>/dev/tcp/" + strings.Replace(l.Addr().String(), ":", "/", 1),
		"write --sandbox read-only " + "inner": "echo x > inner",
	} {
		fields := append([]string{"explain"}, strings.Fields(words)...)
		r := p.lockstile(append(fields, "--json")...)
		var a struct{ Setting string }
		if err := json.Unmarshal([]byte(r.stdout), &a); err != nil || r.code != 1 || a.Setting == "" {
			t.Errorf("%s: %v, exit %d: %s%s", words, err, r.code, r.stdout, r.stderr)
			continue
		}
		flags := []string{"-c", a.Setting}
		if strings.HasPrefix(a.Setting, "--") {
			flags = strings.Fields(a.Setting)
		}
		if r := p.lockstile(append(fields, flags...)...); r.code != 0 {
			t.Errorf("%s with %q: exit %d: %s%s", words, flags, r.code, r.stdout, r.stderr)
		}
		if r := p.lockstile(append(append([]string{"run"}, flags...), "--", "bash", "-c", script)...); r.code != 0 {
			t.Errorf("%s with %q: exit %d: %s%s", script, flags, r.code, r.stdout, r.stderr)
		}
	}
}
