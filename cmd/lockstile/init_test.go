//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configText reads the config.toml of a place, and checks that it is the user's alone.
func (p *place) configText() string {
	p.Helper()
	file := filepath.Join(p.home, "config.toml")
	info, err := os.Stat(file)
	if err != nil {
		p.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		p.Errorf("%v", info.Mode())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		p.Fatal(err)
	}
	return string(b)
}

func TestInitDefaults(t *testing.T) {
	p := newPlace(t)
	before := p.lockstile("config").stdout
	if r := p.lockstile("init", "--print"); r.code != 0 || !strings.Contains(r.stdout, "# sandbox_mode = \"workspace-write\"\n") || exists(p.home) {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.lockstile("init"); r.code != 0 {
		t.Fatalf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	text := p.configText()
	if after := p.lockstile("config").stdout; after != before {
		t.Errorf("the file of defaults changes something:\n%s", after)
	}
	// Each line is a valid setting with the comment mark removed, and says what it means.
	lines := strings.Split(text, "\n")
	var bare strings.Builder
	for i, l := range lines {
		if strings.Contains(l, " = ") {
			bare.WriteString(strings.TrimPrefix(l, "# ") + "\n")
			if len(lines[i-1]) < 10 {
				t.Errorf("no meaning of %s", l)
			}
		}
	}
	p.config(bare.String())
	if r := p.lockstile("config"); r.code != 0 || strings.Count(r.stdout, " default\n") != 1 { // the empty set
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.lockstile("init"); r.code != 1 || !strings.Contains(r.stdout, "-sandbox_mode = ") || !strings.Contains(r.stdout, "+# sandbox_mode = ") || p.configText() != bare.String() {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.lockstile("init", "--force"); r.code != 0 || p.configText() != text {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

// begun is a row: settings of another tool, texts of the report, lines of config.toml, and
// a script with its exit code.
type begun struct {
	tool, name, text string
	report, lines    []string
	script           string
	code             int
}

func TestInitFrom(t *testing.T) {
	p := newPlace(t)
	newHome(p)
	out := filepath.Join(p.dir, "out")
	mkdir(t, out)
	write(t, p.ws+"/.env", "canary")
	write(t, p.ws+"/f", "x")
	for _, row := range []begun{
		{"codex", "config.toml", "sandbox_mode = \"danger-full-access\"\n[sandbox_workspace_write]\nwritable_roots = [\"" + out + "\", \"" + p.dir + "/absent\", \"" + p.dir + "/u\", \"" + p.home + "\"]\n[shell_environment_policy.set]\nNAME = \"said\"\n",
			[]string{"stricter     sandbox_mode", "by hand: sandbox_mode = \"danger-full-access\"", "/absent: \"" + p.dir + "/absent\" does not exist", "is the home directory", "carried over sandbox_workspace_write.writable_roots " + out},
			[]string{"sandbox_mode = \"workspace-write\"", "writable_roots = [\"" + out + "\"]", "git.commit = false"},
			`test "$NAME" = said && echo x > ` + out + "/codex && ! echo x > ../beside", 0},
		{"codex", "config.toml", "approval_policy = \"never\"\n", []string{"stricter     sandbox_mode (absent)"}, []string{"sandbox_mode = \"read-only\"", "approval_policy = \"never\""}, "echo x > g", 2},
		{"codex", "config.toml", "sandbox_mode = \"workspace-write\"\nmodel = \"m\"\nmodel_provider = \"x\"\n[model_providers.x]\nbase_url = \"https://x.example/v1\"\nenv_key = \"X_KEY\"\n[model_providers.y]\nbase_url = \"http://y.example/v1\"\nenv_key = \"Y_KEY\"\n[mcp_servers.s]\ncommand = \"true\"\nbearer_token = \"hunter2\"\n[profiles.p]\nmodel_provider = \"y\"\n",
			[]string{"carried over model_provider", "carried over mcp_servers.s", "left out     mcp_servers.s.bearer_token", "left out     model_providers.y", "left out     profiles.p.model_provider"}, []string{"model_provider = \"x\"", "mcp_servers.\"s\" = { \"command\" = \"true\" }"}, "echo x > g", 0},
		{"claude", "settings.json", `{"permissions":{"deny":["Read(./.env)","Bash(curl:*)"]},"sandbox":{"enabled":true,"network":{"allowedDomains":["github.com"]},"filesystem":{"allowWrite":["` + out + `"]}}}`,
			[]string{"looser       permissions.deny Bash(curl:*)", "stricter     sandbox.network.allowedDomains", "by hand: sandbox_workspace_write.network_access = true"},
			[]string{"approval_policy = \"on-request\"", "filesystem.deny_read = [\"**/.env\"]"},
			"test -z \"$(cat .env)\" && echo x > " + out + "/claude && echo x > g", 0},
		{"srt", "srt.json", `{"filesystem":{"allowWrite":["."],"denyWrite":[".env"]},"network":{"allowedDomains":[]}}`, []string{"stricter     filesystem.denyWrite .env"}, []string{"network_access = false"}, "echo x > g && ! echo x > .env", 0},
		{"srt", "srt.json", `{"filesystem":{"allowWrite":["` + out + `"]}}`, []string{"stricter     filesystem.allowWrite " + out}, []string{"sandbox_mode = \"read-only\""}, "echo x > " + out + "/srt", 2},
		{"nono", "x.json", `{"workdir":{"access":"readwrite"},"filesystem":{"deny":["` + p.ws + `/f"]}}`, []string{"looser       filesystem", "stricter     network.block"}, []string{"filesystem.deny_read = [\"" + p.ws + "/f\"]"}, "echo x > g && test -z \"$(cat f)\"", 0},
	} {
		file := filepath.Join(p.dir, row.name)
		write(t, file, row.text)
		r := p.lockstile("init", "--from", row.tool, file, "--force")
		if r.code != 0 {
			t.Errorf("%s: exit %d: %s%s", row.tool, r.code, r.stdout, r.stderr)
			continue
		}
		for _, want := range row.report {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("%s: no %q in\n%s", row.tool, want, r.stdout)
			}
		}
		for _, want := range row.lines {
			if !strings.Contains(p.configText(), want) {
				t.Errorf("%s: no %q in\n%s", row.tool, want, p.configText())
			}
		}
		if r := p.lockstile("config"); r.code != 0 || !strings.Contains(r.stdout, "config.toml:") {
			t.Errorf("%s: exit %d: %s%s", row.tool, r.code, r.stdout, r.stderr)
		}
		if r := p.lockstile("run", "--", "sh", "-c", row.script); r.code != row.code {
			t.Errorf("%s: %s: exit %d, want %d: %s%s", row.tool, row.script, r.code, row.code, r.stdout, r.stderr)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(p.dir, "s.json")
	write(t, file, `{"filesystem":{"allowWrite":["\u001b[31m"]},"x\u001b":1}`)
	link(t, file, p.dir+"/link.json")
	write(t, p.dir+"/big.json", strings.Repeat(" ", 2<<20))
	write(t, p.dir+"/bad.json", "{")
	for words, code := range map[string]int{
		"--from srt " + p.dir + "/link.json": 126, "--from srt " + p.dir + "/big.json": 126, "--from srt " + p.dir + "/bad.json": 126, "--from srt " + p.dir: 126, "--from srt /dev/zero": 126,
		"--from srt " + p.dir + "/absent": 126, "--from nobody " + file: 2, "--from srt": 2, "word": 2, "--from srt " + file + " word": 2,
	} {
		if r := p.lockstile(append([]string{"init"}, strings.Fields(words)...)...); r.code != code || exists(p.home+"/config.toml") {
			t.Errorf("%s: exit %d: %s%s", words, r.code, r.stdout, r.stderr)
		}
	}
	if r := p.lockstile("init", "--from", "srt", file, "--print"); r.code != 0 || strings.Contains(r.stdout+r.stderr, "\x1b") || exists(p.home+"/config.toml") {
		t.Errorf("exit %d: %q %q", r.code, r.stdout, r.stderr)
	}
	mkdir(t, p.home)
	write(t, p.dir+"/mine.toml", "")
	link(t, p.dir+"/mine.toml", p.home+"/config.toml")
	if r := p.lockstile("init", "--force"); r.code != 126 {
		t.Errorf("a link is replaced: exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
}
