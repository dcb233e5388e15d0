//go:build linux

package main

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// reportConfig is the file of openai/codex #14367, unchanged.
const reportConfig = `sandbox_mode = "workspace-write"
approval_policy = "on-request"
[windows]
sandbox = "elevated"
[sandbox_workspace_write]
network_access = false
[features]
unified_exec = true
`

func (p *place) config(text string) {
	p.Helper()
	mkdir(p.T, p.home)
	write(p.T, filepath.Join(p.home, "config.toml"), text)
}

// ioFlags are the two ways of a start: on pipes and in a terminal.
var ioFlags = []string{"--tty=false", "--tty"}

func TestConfigOfTheReport(t *testing.T) {
	p := newPlace(t)
	p.config(reportConfig)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	reach := "exec 3<>/dev/tcp/127.0.0.1/" + port
	for _, io := range ioFlags {
		if r := p.lockstile("run", io, "--", "bash", "-c", "echo x > in; echo x > "+p.dir+"/out; true"); r.code != 0 || !exists(p.ws+"/in") || exists(p.dir+"/out") {
			t.Errorf("%s: exit %d: %s%s", io, r.code, r.stdout, r.stderr)
		}
		if r := p.lockstile("run", io, "--", "bash", "-c", reach); r.code == 0 {
			t.Errorf("%s: the host is reached with the network off", io)
		}
		if r := p.lockstile("run", io, "-c", "sandbox_workspace_write.network_access=true", "--", "bash", "-c", reach); r.code != 0 {
			t.Errorf("%s: the host is not reached with the network on: %s%s", io, r.stdout, r.stderr)
		}
		if r := p.lockstile("run", io, "--sandbox", "read-only", "-c", "sandbox_workspace_write.network_access=true", "--", "bash", "-c", reach); r.code == 0 {
			t.Errorf("%s: the host is reached in read-only", io)
		}
	}
	for _, line := range p.logLines() {
		if line.Event == "refusal" {
			t.Errorf("%+v", line)
		}
	}
}

func TestConfigIsObeyed(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		root := filepath.Join(p.dir, "root")
		mkdir(t, root)
		mkdir(t, filepath.Join(p.dir, "tmpdir"))
		p.env = []string{"TMPDIR=" + filepath.Join(p.dir, "tmpdir"), "GITHUB_TOKEN=secret", "PLAIN=value"}
		p.config(`
[sandbox_workspace_write]
writable_roots = ["` + root + `"]
exclude_slash_tmp = true
[shell_environment_policy]
set = { ADDED = "yes" }
[profiles.quiet]
sandbox_mode = "read-only"
[profiles.bare.shell_environment_policy]
inherit = "none"
`)
		r := p.lockstile("run", "--", "sh", "-c", `echo x > `+root+`/f && echo "$ADDED,$PLAIN,$GITHUB_TOKEN"; exec 2>/dev/null; echo x > /tmp/f && echo tmp; echo x > $TMPDIR/f && echo tmpdir`)
		if r.stdout != "yes,value,\ntmpdir\n" || !exists(root+"/f") {
			t.Errorf("%q %s", r.stdout, r.stderr)
		}
		if r := p.lockstile("run", "-c", "sandbox_workspace_write.exclude_tmpdir_env_var=true", "--", "sh", "-c", "echo x > $TMPDIR/f"); r.code == 0 {
			t.Error("an excluded TMPDIR can be written")
		}
		if r := p.lockstile("run", "--profile", "quiet", "--", "sh", "-c", "echo x > f"); r.code == 0 || exists(p.ws+"/f") {
			t.Error("the profile is not obeyed")
		}
		if r := p.lockstile("run", "--profile", "bare", "--", "/usr/bin/env"); r.stdout != "ADDED=yes\n" {
			t.Errorf("environment %q %s", r.stdout, r.stderr)
		}
	})
}

// TestWorkspaceHasNoSay checks that files of the repository loosen nothing.
func TestWorkspaceHasNoSay(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		for _, name := range []string{".lockstile", ".codex"} {
			mkdir(t, filepath.Join(p.ws, name))
			write(t, filepath.Join(p.ws, name, "config.toml"), "sandbox_mode = \"danger-full-access\"\n")
		}
		write(t, filepath.Join(p.ws, "config.toml"), "sandbox_mode = \"danger-full-access\"\n")
		p.lockstile("run", "--", "sh", "-c", "echo x > "+p.dir+"/out")
		if l := p.logLines()[0]; l.Mode != "workspace-write" || exists(p.dir+"/out") {
			t.Errorf("%+v", l)
		}
	})
}

func TestConfigErrors(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		for _, c := range []struct{ text, want string }{
			{"sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nnetwork_acess = true\n", "config.toml:3: unknown key"},
			{"sandbox_mode = 3\n", "config.toml:1:"},
			{"sandbox_mode = \n", "config.toml:1"},
		} {
			p.config(c.text)
			r := p.lockstile("run", "--", "sh", "-c", "echo x > ran")
			if r.code != 126 || !strings.Contains(r.stderr, c.want) || exists(p.ws+"/ran") {
				t.Errorf("%q: exit %d, %q, want %q", c.text, r.code, r.stderr, c.want)
			}
		}
	})
}

func TestConfigShows(t *testing.T) {
	p := newPlace(t)
	p.config(reportConfig)
	r := p.lockstile("config", "-c", "features.unified_exec=false")
	for _, want := range []string{"config.toml:1", `"on-request"`, "-c", "does nothing on this system"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s%s", want, r.stdout, r.stderr)
		}
	}
	var values []struct {
		Key  string
		From struct{ File string }
	}
	if err := json.Unmarshal([]byte(p.lockstile("config", "--json").stdout), &values); err != nil || len(values) < 10 || values[0].From.File == "" {
		t.Errorf("%v, %+v", err, values)
	}
}
