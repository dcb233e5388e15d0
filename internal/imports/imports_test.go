package imports

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	toml "github.com/pelletier/go-toml/v2"
)

// imported is a row: the input, our lines, and the beginnings of lines of the report, with
// the kind in front.
type imported struct {
	tool, in     string
	ours, report []string
}

var rows = []imported{
	{"codex", "", []string{`sandbox_mode = "read-only"`, "git.commit = false"}, []string{"stricter sandbox_mode (absent)"}},
	{"codex", "sandbox_mode = \"danger-full-access\"\napproval_policy = \"on-failure\"\nmodel = \"x\"\n",
		[]string{`model = "x"`, `approval_policy = "on-request"`, `sandbox_mode = "workspace-write"`, "git.commit = false"},
		[]string{"stricter sandbox_mode", "stricter approval_policy", "carried over model"}},
	{"codex", "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nnetwork_access = true\nwritable_roots = [\"/srv/a\", \"/\", \"/srv/*\", \"/tmp\", 3]\nexclude_slash_tmp = true\nnews = 1\n",
		[]string{`sandbox_mode = "workspace-write"`, "sandbox_workspace_write.exclude_slash_tmp = true", "sandbox_workspace_write.network_access = true", `sandbox_workspace_write.writable_roots = ["/srv/a"]`, "git.commit = false"},
		[]string{"left out sandbox_workspace_write.writable_roots /", "left out sandbox_workspace_write.writable_roots /srv/*", "stricter sandbox_workspace_write.writable_roots /tmp", "left out sandbox_workspace_write.news"}},
	{"codex", "sandbox_mode = \"workspace-write\"\ndefault_permissions = \":danger\"\n[sandbox_workspace_write]\nnetwork_access = true\n",
		[]string{`sandbox_mode = "read-only"`, "sandbox_workspace_write.network_access = false", "git.commit = false"}, []string{"stricter default_permissions"}},
	{"codex", "profile = \"p\"\nsandbox_mode = \"workspace-write\"\n[profiles.p]\nsandbox_mode = \"read-only\"\nmodel = \"x\"\n",
		[]string{`sandbox_mode = "read-only"`, "git.commit = false", `p: model = "x"`, `p: sandbox_mode = "read-only"`, `model = "x"`}, []string{"carried over profile", "carried over profiles.p.model"}},
	{"codex", "sandbox_mode = \"read-only\"\nmodel_provider = \"m\"\nmodel_context_window = 9000\nnotify = []\n[tui]\nnotifications = false\ntheme = \"x\"\n[model_providers.m]\nbase_url = \"https://m/v1\"\nenv_key = \"M_KEY\"\nexperimental_bearer_token = \"hunter2\"\nhttp_headers = { A = \"hunter2\" }\nquery_params = { v = \"1\", token = \"hunter2\" }\n" +
		"[mcp_servers.s]\ncommand = \"c\"\nargs = [\"a\", \"b\"]\ntool_timeout_sec = 2.5\nenv = { PORT = \"1\" }\n[mcp_servers.t]\nurl = \"https://u:hunter2@t/\"\nbearer_token = \"hunter2\"\nenabled = false\n[mcp_servers.u]\ncommand = \"c\"\nargs = [\"--key\", \"sk-ant-api03-hunter2hunter2hunter2hunter2\"]\nenv = { API_TOKEN = \"hunter2\" }\n",
		[]string{`model_providers."m" = { "base_url" = "https://m/v1", "env_key" = "M_KEY" }`, `mcp_servers."s" = { "args" = ["a", "b"], "command" = "c", "env" = { "PORT" = "1" }, "tool_timeout_sec" = 2.5 }`,
			`mcp_servers."t" = { "enabled" = false }`, `mcp_servers."u" = { "command" = "c" }`, "model_context_window = 9000", `model_provider = "m"`, "tui.notifications = false", `sandbox_mode = "read-only"`, "git.commit = false"},
		[]string{"left out model_providers.m.experimental_bearer_token", "left out model_providers.m.http_headers", "left out model_providers.m.query_params", "left out mcp_servers.t.url", "left out mcp_servers.t.bearer_token", "left out mcp_servers.u.args", "left out mcp_servers.u.env", "carried over mcp_servers.s", "left out notify", "left out tui.theme"}},
	{"codex", "sandbox_mode = \"read-only\"\n[shell_environment_policy]\ninherit = \"core\"\nignore_default_excludes = true\nexclude = [\"A*\"]\ninclude_only = [\"B*\"]\nset = { X = \"1\", MY_TOKEN = \"2\", Y = 3 }\n[features]\nunified_exec = false\nother = true\n[windows]\nsandbox = \"unelevated\"\n[projects.\"/x\"]\ntrust_level = \"trusted\"\n",
		[]string{"features.unified_exec = false", `sandbox_mode = "read-only"`, `shell_environment_policy.exclude = ["A*"]`, "shell_environment_policy.ignore_default_excludes = false", `shell_environment_policy.include_only = ["B*"]`,
			`shell_environment_policy.inherit = "core"`, `shell_environment_policy.set."X" = "1"`, `windows.sandbox = "unelevated"`, "git.commit = false"},
		[]string{"stricter shell_environment_policy.ignore_default_excludes", "left out shell_environment_policy.set.MY_TOKEN", "left out shell_environment_policy.set.Y", "left out features.other", "left out projects"}},

	{"srt", `{}`, []string{`sandbox_mode = "read-only"`, "sandbox_workspace_write.network_access = false"}, []string{"carried over filesystem.allowWrite", "carried over network.allowedDomains (absent)"}},
	{"srt", `{"network":{"allowedDomains":["a.org"],"deniedDomains":["b.org"],"allowUnixSockets":["/x"],"httpProxyPort":1},"filesystem":{"denyRead":["~/.ssh","secret",".."],"allowWrite":[".","src/","/srv/a","/tmp","~"],"denyWrite":[".env",".git/hooks","/srv/a/b","/opt/x"]},"ignoreViolations":{},"news":1}`,
		[]string{`sandbox_mode = "workspace-write"`, `sandbox_workspace_write.writable_roots = ["/srv/a"]`, `filesystem.deny_read = ["~/.ssh", "**/secret", "**/.env", "/srv/a/b"]`, "sandbox_workspace_write.network_access = false"},
		[]string{"stricter network.allowedDomains", "carried over network.deniedDomains", "stricter network.allowUnixSockets", "left out network.httpProxyPort", "looser filesystem.denyRead ..", "carried over filesystem.allowWrite src/",
			"stricter filesystem.allowWrite /tmp", "left out filesystem.allowWrite ~", "stricter filesystem.denyWrite .env", "carried over filesystem.denyWrite .git/hooks", "stricter filesystem.denyWrite /srv/a/b", "carried over filesystem.denyWrite /opt/x", "left out ignoreViolations", "left out news"}},
	{"srt", `{"filesystem":{"allowWrite":["/srv/a"],"denyWrite":["x"],"allowRead":["."]}}`,
		[]string{`sandbox_mode = "read-only"`, "sandbox_workspace_write.network_access = false"}, []string{"stricter filesystem.allowWrite", "stricter filesystem.allowWrite /srv/a", "carried over filesystem.denyWrite", "looser filesystem.allowRead"}},

	{"claude", `{}`, []string{`sandbox_mode = "workspace-write"`, `approval_policy = "untrusted"`, "sandbox_workspace_write.network_access = false"}, []string{"stricter sandbox.network.allowedDomains (absent)"}},
	{"claude", `{"permissions":{"defaultMode":"bypassPermissions","allow":["Bash(ls:*)","Edit(//srv/a/**)","Read(~/x)"],"ask":["Bash(git push:*)"],"deny":["Read(./.env)","Read(//etc/x/**)","Edit(/config/**)","Bash(curl:*)","WebFetch"],"additionalDirectories":["/srv/b"]},"env":{"A":"1","GITHUB_TOKEN":"x"},"hooks":{"x":1},"model":"m"}`,
		[]string{`sandbox_mode = "workspace-write"`, `approval_policy = "on-request"`, `shell_environment_policy.set."A" = "1"`, `filesystem.deny_read = ["**/.env", "/etc/x", "**/config"]`, "sandbox_workspace_write.network_access = false"},
		[]string{"stricter permissions.defaultMode", "left out permissions.allow Bash(ls:*)", "stricter permissions.allow /srv/a/**", "left out permissions.ask Bash(git push:*)", "carried over permissions.deny Read ./.env", "stricter permissions.deny Edit ./config",
			"looser permissions.deny Bash(curl:*)", "left out permissions.deny WebFetch", "stricter permissions.additionalDirectories /srv/b", "left out env.GITHUB_TOKEN", "left out hooks", "left out model"}},
	{"claude", `{"permissions":{"defaultMode":"acceptEdits","additionalDirectories":["/srv/b"]},"sandbox":{"enabled":true,"allowUnsandboxedCommands":false,"excludedCommands":["docker"],"network":{"allowedDomains":["x.org"],"allowLocalBinding":true},"filesystem":{"allowWrite":["//srv/a"],"denyRead":["~/private"],"denyWrite":["./gen"]}}}`,
		[]string{`sandbox_mode = "workspace-write"`, `approval_policy = "on-request"`, `sandbox_workspace_write.writable_roots = ["/srv/b", "/srv/a"]`, `filesystem.deny_read = ["~/private", "**/gen"]`, "sandbox_workspace_write.network_access = false"},
		[]string{"looser sandbox.allowUnsandboxedCommands", "stricter sandbox.excludedCommands", "stricter sandbox.network.allowedDomains", "stricter sandbox.filesystem.denyWrite ./gen"}},
	{"claude", `{"permissions":{"deny":"Read(x)"}}`, []string{`sandbox_mode = "workspace-write"`, `approval_policy = "untrusted"`, "sandbox_workspace_write.network_access = false"}, []string{"looser permissions.deny"}},
	{"claude", `{"permissions":{"defaultMode":"plan"}}`, []string{`sandbox_mode = "read-only"`, `approval_policy = "untrusted"`, "sandbox_workspace_write.network_access = false"}, nil},

	{"nono", "[meta]\nname = \"x\"\n[workdir]\naccess = \"readwrite\"\n[filesystem]\nallow = [\"$HOME/.cache/x\", \"$XDG_DATA_HOME/x\", \"$WORKDIR\"]\nread = [\"/usr\"]\nallow_file = [\"/f\"]\n[network]\nblock = true\n[secrets]\na = \"A\"\n",
		[]string{`sandbox_mode = "workspace-write"`, `sandbox_workspace_write.writable_roots = ["~/.cache/x"]`, "sandbox_workspace_write.network_access = false"},
		[]string{"looser filesystem", "left out filesystem.allow $XDG_DATA_HOME/x", "carried over filesystem.allow $WORKDIR", "stricter filesystem.allow_file", "left out secrets", "left out meta", "carried over network.block"}},
	{"nono", `{"extends":"default","groups":{"include":["x"]},"filesystem":{"allow":["/srv/a"],"deny":["~/d"],"bypass_protection":["~/.aws"]},"network":{"allow_domain":["x"]},"workdir":{"access":"read"},"security":{"signal_mode":"allow_all"}}`,
		[]string{`sandbox_mode = "read-only"`, `filesystem.deny_read = ["~/d"]`, "sandbox_workspace_write.network_access = false"},
		[]string{"looser extends", "looser groups", "stricter filesystem.allow /srv/a", "stricter filesystem.bypass_protection ~/.aws", "stricter network.allow_domain", "stricter network.block", "stricter security"}},
}

func TestRead(t *testing.T) {
	for _, row := range rows {
		r, err := Read(row.tool, []byte(row.in))
		if err != nil {
			t.Errorf("%s %s: %v", row.tool, row.in, err)
			continue
		}
		var ours []string
		for _, s := range r.Settings {
			line := Text(s.Key, s.Value)
			if s.Profile != "" {
				line = s.Profile + ": " + line
			}
			ours = append(ours, line)
		}
		if !slices.Equal(ours, row.ours) {
			t.Errorf("%s %s:\ngot  %q\nwant %q", row.tool, row.in, ours, row.ours)
		}
		if strings.Contains(fmt.Sprint(r), "hunter2") {
			t.Errorf("%s %s: a secret in %+v", row.tool, row.in, r)
		}
		for _, want := range row.report {
			if !slices.ContainsFunc(r.Report, func(l Line) bool { return l.Kind+" "+l.Key == want }) {
				t.Errorf("%s %s: no %q in\n%+v", row.tool, row.in, want, r.Report)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for tool, inputs := range map[string][]string{
		"codex":  {"a = ", "a = 1\na = 2"},
		"srt":    {"", "[]", `{"a":1} x`, `{"a":1,"a":2}`, "// c\n{}", "{\"a\":\"\xff\"}", strings.Repeat("[", 100), strings.Repeat(" ", mostBytes+1)},
		"claude": {`{"a":`}, "nono": {"{", "x"}, "other": {""},
	} {
		for _, in := range inputs {
			if r, err := Read(tool, []byte(in)); err == nil || len(err.Error()) > 200 {
				t.Errorf("%s %.40q: %v %v", tool, in, err, r)
			}
		}
	}
}

// sound reports what a result may never have.
func sound(tool string, data []byte, r Result) error {
	for _, s := range r.Settings {
		line := Text(s.Key, s.Value)
		var back map[string]any
		if err := toml.Unmarshal([]byte(line+"\n"), &back); err != nil {
			return fmt.Errorf("%q is no TOML: %w", line, err)
		}
		switch table, _ := s.Value.(map[string]any); {
		case table["sandbox"] != nil || table["http_headers"] != nil || table["bearer_token"] != nil:
			return fmt.Errorf("a secret, or a server without a sandbox, from %s: %s", tool, line)
		case s.Value == "danger-full-access":
			return fmt.Errorf("no sandbox from %s", tool)
		case s.Key == networkKey && s.Value == true && (tool != "codex" || !strings.Contains(string(data), "network_access")):
			return fmt.Errorf("a network from %s", tool)
		}
		list, _ := s.Value.([]string)
		for _, item := range list {
			if s.Key == rootsKey && (item == "/" || item == "~" || strings.Contains(item, "*") || strings.Contains(item, "..")) {
				return fmt.Errorf("the root %q", item)
			}
		}
	}
	if len(r.Report) == 0 {
		return fmt.Errorf("no report")
	}
	return nil
}

func fuzz(f *testing.F, tool string) {
	for _, row := range rows {
		if row.tool == tool {
			f.Add([]byte(row.in))
		}
	}
	files, err := filepath.Glob("testdata/" + tool + ".*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(tool, data)
		if err != nil {
			return
		}
		if err := sound(tool, data, r); err != nil {
			t.Errorf("%q: %v", data, err)
		}
	})
}

func FuzzImportCodex(f *testing.F)  { fuzz(f, "codex") }
func FuzzImportClaude(f *testing.F) { fuzz(f, "claude") }
func FuzzImportSrt(f *testing.F)    { fuzz(f, "srt") }
func FuzzImportNono(f *testing.F)   { fuzz(f, "nono") }

// TestExamples checks the examples of testdata, which are whole settings of each tool.
func TestExamples(t *testing.T) {
	for _, tool := range Tools() {
		files, err := filepath.Glob("testdata/" + tool + ".*")
		if err != nil || len(files) == 0 {
			t.Errorf("no example of %s", tool)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Read(tool, data)
			if err == nil {
				err = sound(tool, data, r)
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
