//go:build unix

package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

const wholeSession = `
model = "m"
model_provider = "mine"
model_context_window = 200000
model_reasoning_effort = "high"
openai_base_url = "https://eu.api.openai.com/v1"
[tui]
notifications = false
theme = "dark"
[model_providers.mine]
name = "My server"
base_url = "https://mine.example/v1"
env_key = "MINE_KEY"
wire_api = "responses"
http_headers = { X-Team = "hunter2" }
env_http_headers = { X-Other = "OTHER_KEY" }
query_params = { "api.version" = "1" }
request_max_retries = 0
stream_max_retries = 7
stream_idle_timeout_ms = 1500
[model_providers.local]
base_url = "http://localhost:8080/v1"
[mcp_servers.files]
command = "npx"
args = ["-y", "", "a\nb"]
env = { TOKEN = "hunter2" }
cwd = "~/x"
startup_timeout_sec = 2.5
tool_timeout_sec = 7
enabled_tools = ["a"]
disabled_tools = ["b"]
sandbox = "danger-full-access"
[mcp_servers.web]
url = "https://mcp.example/x?key=hunter2"
bearer_token_env_var = "WEB_TOKEN"
enabled = false
[profiles.p]
model = "n"
model_provider = "local"
[profiles.q.model_providers.third]
base_url = "https://third.example/v1"
env_key = "THIRD_KEY"
`

func mustLoadSession(t *testing.T, in Input) Session {
	t.Helper()
	_, s, err := LoadSession(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSession(t *testing.T) {
	in := newInput(t, wholeSession)
	s := mustLoadSession(t, in)
	if s.Model != "m" || s.Window != 200_000 || s.Effort != "high" || s.Notify {
		t.Errorf("%+v", s)
	}
	p := s.Provider
	if p.ID != "mine" || p.Name != "My server" || p.URL != "https://mine.example/v1" || p.KeyVar != "MINE_KEY" || p.RequestRetries != 0 || p.StreamRetries != 7 || p.Idle != 1500*time.Millisecond {
		t.Errorf("%+v", p)
	}
	if len(s.Servers) != 2 {
		t.Fatalf("%+v", s.Servers)
	}
	files, web := s.Servers[0], s.Servers[1]
	if files.Command != "npx" || !slices.Equal(files.Args, []string{"-y", "", "a\nb"}) || files.Env["TOKEN"] != "hunter2" || files.Dir != filepath.Join(in.UserHome, "x") ||
		files.Start != 2500*time.Millisecond || files.Call != 7*time.Second || !slices.Equal(files.Only, []string{"a"}) || !slices.Equal(files.Without, []string{"b"}) || !files.Free || !files.Enabled {
		t.Errorf("%+v", files)
	}
	if web.URL != "https://mcp.example/x?key=hunter2" || web.TokenVar != "WEB_TOKEN" || web.Enabled || web.Start != 10*time.Second || web.Call != time.Minute || web.Free {
		t.Errorf("%+v", web)
	}
	if len(s.Ignored) != 1 || s.Ignored[0].Key != "tui.theme" || s.Ignored[0].From.Line != 9 {
		t.Errorf("%+v", s.Ignored)
	}
	if text := fmt.Sprintf("%v", s.Values); strings.Contains(text, "hunter2") || !strings.Contains(text, "mcp_servers.files.env [TOKEN]") {
		t.Error(text)
	}
	in.Profile = "p"
	if s := mustLoadSession(t, in); s.Model != "n" || s.Provider.ID != "local" || s.Provider.Idle != 300*time.Second || s.Provider.RequestRetries != 4 || s.Provider.KeyVar != "" {
		t.Errorf("%+v", s.Provider)
	}
	in.Overrides = []string{"model=5.5-x", "model_providers.local.base_url=https://x.example/v1", "model_providers.local.http_headers.A=b", "mcp_servers.new.command=echo"}
	s = mustLoadSession(t, in)
	if s.Model != "5.5-x" || s.Provider.URL != "https://x.example/v1" || s.Provider.headers["A"].value != "b" || len(s.Servers) != 3 {
		t.Errorf("%+v", s)
	}
	in.Model, in.Provider = "5", "openai"
	if s := mustLoadSession(t, in); s.Model != "5" || s.Provider.ID != "openai" || s.Provider.URL != "https://eu.api.openai.com/v1" || s.Provider.KeyVar != "OPENAI_API_KEY" {
		t.Errorf("%+v", s)
	}
	if p, _, err := LoadSession(newInput(t, "")); err != nil || p.Mode != policy.ModeWorkspaceWrite {
		t.Errorf("%v %v", p.Mode, err)
	}
	if s := mustLoadSession(t, newInput(t, "")); s.Model != "" || s.Provider.ID != "openai" || s.Provider.URL != defaultBase || !s.Notify || s.Servers != nil {
		t.Errorf("%+v", s)
	}
}

// TestSecretsAreTaken checks that the variables of all providers and servers are gone, of
// profiles that are not in use too, and that the values are where they belong.
func TestSecretsAreTaken(t *testing.T) {
	in := newInput(t, wholeSession)
	s := mustLoadSession(t, in)
	for _, name := range []string{"MINE_KEY", "OTHER_KEY", "WEB_TOKEN", "THIRD_KEY", "OPENAI_API_KEY", "PLAIN"} {
		t.Setenv(name, "value of "+name)
	}
	secrets, environ, err := s.TakeSecrets()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(environ, "\n") + strings.Join(os.Environ(), "\n")
	for name, there := range map[string]bool{"MINE_KEY": false, "OTHER_KEY": false, "WEB_TOKEN": false, "THIRD_KEY": false, "OPENAI_API_KEY": true, "PLAIN": true} {
		if strings.Contains(text, "value of "+name) != there {
			t.Errorf("%s in an environment: %v", name, !there)
		}
	}
	key, err := secrets.Key(s.Provider)
	headers, query, err2 := secrets.Headers(s.Provider)
	token, err3 := secrets.Token(s.Servers[1])
	if err = errors.Join(err, err2, err3); err != nil || key != "value of MINE_KEY" || token != "value of WEB_TOKEN" ||
		headers["X-Other"] != "value of OTHER_KEY" || headers["X-Team"] != "hunter2" || query["api.version"] != "1" {
		t.Errorf("%q %v %v %q %v", key, headers, query, token, err)
	}
	in.Provider = "openai"
	if _, rest := mustLoadSession(t, in).takeFrom([]string{"OPENAI_API_KEY=x", "A=b", "ODD"}); !slices.Equal(rest, []string{"A=b", "ODD"}) {
		t.Errorf("%q", rest)
	}
}

// TestMissingVariable checks that a missing variable is named with its line.
func TestMissingVariable(t *testing.T) {
	s := mustLoadSession(t, newInput(t, wholeSession))
	none, _ := s.takeFrom([]string{"MINE_KEY="})
	_, err := none.Key(s.Provider)
	_, _, err2 := none.Headers(s.Provider)
	_, err3 := none.Token(s.Servers[1])
	for want, err := range map[string]error{"config.toml:13: the variable MINE_KEY": err, "config.toml:16: the variable OTHER_KEY": err2, "config.toml:35: the variable WEB_TOKEN": err3} {
		var r *refusal.Error
		if !errors.As(err, &r) || !strings.Contains(r.Reason, want) || !strings.HasPrefix(r.Hint, "export ") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestBadSession(t *testing.T) {
	const provider = "[model_providers.x]\n"
	const server = "[mcp_servers.x]\n"
	for config, pieces := range map[string][]string{
		"modell = \"x\"":                                     {`config.toml:1: unknown key "modell"`, `"model"`},
		"model = 5":                                          {"config.toml:1: model must be a string, not an integer"},
		"model = \"\"":                                       {"model is empty"},
		"model = \"a\\u001b[2J\"":                            {"control character"},
		"model_provider = \"y\"":                             {`config.toml:1: model_provider = "y" is not the name`, "the nearest is"},
		"model_context_window = 1.5":                         {"model_context_window must be a whole number from 1000"},
		"model_reasoning_effort = \"hi\"":                    {`"high"`},
		"tui = 1":                                            {"tui must be a table"},
		"[tui]\nnotification = true":                         {`config.toml:2: unknown key "tui.notification"`, `"tui.notifications"`},
		"[tui]\nnotifications = [\"a\"]":                     {"config.toml:2: tui.notifications must be true or false, not a list"},
		"model_providers = []":                               {"model_providers must be a table"},
		"[model_providers]\nx = 1":                           {"model_providers.x must be a table"},
		"[model_providers.\"a.b\"]":                          {`config.toml:1: model_providers: the name "a.b"`},
		"[model_providers.\"\"]":                             {`the name ""`},
		"[mcp_servers.\"a b\"]":                              {`the name "a b"`},
		"[mcp_servers.\"\\u001b[2J\"]":                       {`the name "\x1b[2J"`},
		provider + "name = \"x\"":                            {"config.toml:2: model_providers.x has no base_url", "base_url ="},
		provider + "bas_url = \"https://x/v1\"":              {`config.toml:2: unknown key "model_providers.x.bas_url"`, `"model_providers.x.base_url"`},
		provider + "base_url = \"x/v1\"":                     {"config.toml:2: model_providers.x.base_url must be an address"},
		provider + "base_url = \"https://u:hunter2@x/v1\"":   {"no name and no password"},
		provider + "base_url = \"https://x/v1?key=hunter2\"": {"query_params"},
		provider + "base_url = \"http://10.0.0.1/v1\"\nenv_key = \"A\"":                  {"config.toml:2: provider x", "plain http", "tunnel"},
		provider + "base_url = \"http://127.evil.org/v1\"\nenv_key=\"A\"":                {"plain http"},
		provider + "base_url = \"http://localhost.evil.org/v1\"\nenv_key=\"A\"":          {"plain http"},
		provider + "base_url = \"http://[::1].evil.org/v1\"\nenv_key=\"A\"":              {"plain http"},
		provider + "env_key = \"sk-hunter2hunter2\"":                                     {"env_key must be the name of a variable"},
		provider + "wire_api = \"chat\"":                                                 {`config.toml:2: model_providers.x.wire_api = "chat" is not spoken here: write "responses"`},
		provider + "http_headers = { \"a b\" = \"hunter2\" }":                            {`"a b" can't be a name`},
		provider + "http_headers = { a = 1 }":                                            {`config.toml:2: model_providers.x.http_headers: "a" must be a string`},
		provider + "http_headers = { a = \"hunter2\\n\" }":                               {"control character"},
		provider + "http_headers = \"hunter2\"":                                          {"must be a table of names and strings"},
		provider + "env_http_headers = { a = \"sk-hunter2\" }":                           {"must be the name of a variable"},
		provider + "request_max_retries = 101":                                           {"from 0 to 100"},
		provider + "stream_idle_timeout_ms = 0":                                          {"from 1 to"},
		provider + "experimental_bearer_token = \"hunter2\"":                             {"config.toml:2:", "no key is read from the file", "env_key"},
		"[model_providers.openai]\nbase_url = \"https://x/v1\"":                          {"built-in provider", "openai_base_url"},
		server + "args = []":                                                             {"config.toml:2: mcp_servers.x must have either command or url"},
		server + "command = \"x\"\nurl = \"https://x\"":                                  {"either command or url"},
		server + "command = \"x\"\ncmd = \"y\"":                                          {`config.toml:3: unknown key "mcp_servers.x.cmd"`},
		server + "command = \"x\"\nsandbox = \"read-only\"":                              {"config.toml:3: mcp_servers.x.sandbox", "danger-full-access"},
		server + "command = \"x\"\ncwd = \"rel\"":                                        {"cwd", "absolute"},
		server + "command = \"x\"\nbearer_token_env_var = \"A\"":                         {"gets no token"},
		server + "command = \"x\"\nstartup_timeout_sec = 0":                              {"config.toml:3: mcp_servers.x.startup_timeout_sec must be a number of seconds"},
		server + "command = \"x\"\ntool_timeout_sec = inf":                               {"must be a number of seconds"},
		server + "command = \"x\"\ntool_timeout_sec = nan":                               {"must be a number of seconds"},
		server + "command = \"x\"\nenv = { \"A=B\" = \"hunter2\" }":                      {"can't be a name"},
		server + "url = \"https://x\"\nargs = [\"a\"]":                                   {"lines about a program"},
		server + "url = \"http://x.org\"\nbearer_token_env_var = \"A\"":                  {"token over plain http"},
		server + "command = \"x\"\nbearer_token = \"hunter2\"":                           {"no token is read from the file"},
		server + "command = \"x\"\n[mcp_servers.x.tools.y]\napproval_mode = \"approve\"": {"approval_policy"},
		"model = \"a\"\nmodel = \"b\"":                                                   {"config.toml:2: not valid TOML"},
		"[profiles.p]\nmodell = \"x\"":                                                   {`config.toml:2: unknown key "modell"`},
		"approvals_reviewer = \"auto_review\"":                                           {"config.toml:1:", "no model answers for you"},
		"[permissions.x]\na = 1":                                                         {"config.toml:1:", "permission profiles", "sandbox_mode"},
		"[features]\nshell_tool = false":                                                 {"config.toml:2:"},
		"[features]\nmulti_agnet = true":                                                 {`config.toml:2: unknown key "features.multi_agnet"`},
	} {
		_, _, err := LoadSession(newInput(t, config))
		var r *refusal.Error
		if !errors.As(err, &r) || r.Stage != refusal.StageConfig {
			t.Errorf("%q: %v", config, err)
			continue
		}
		for _, piece := range pieces {
			if !strings.Contains(r.Reason+"\n"+r.Hint, piece) {
				t.Errorf("%q: want %q in %q, hint %q", config, piece, r.Reason, r.Hint)
			}
		}
		if strings.Contains(r.Reason+r.Hint, "hunter2") || strings.ContainsAny(r.Reason, "\n\x1b") {
			t.Errorf("%q: %q", config, r.Reason)
		}
	}
}

// TestHarmlessForeignKeys checks that keys of codex that change nothing load, and are told.
func TestHarmlessForeignKeys(t *testing.T) {
	in := newInput(t, "approvals_reviewer = \"user\"\nallow_login_shell = true\nnotify = [\"a\"]\n[features]\nshell_tool = true\nmulti_agent = true\nmulti_agent_v2 = { enabled = true, x = 1 }\n[agents.x]\ny = 1\n[profiles.p]\nservice_tier = \"fast\"\n")
	in.Profile = "p"
	var names []string
	for _, v := range mustLoadSession(t, in).Ignored {
		names = append(names, fmt.Sprintf("%s:%d", v.Key, v.From.Line))
	}
	want := "agents:8 allow_login_shell:2 approvals_reviewer:1 features.multi_agent:6 features.multi_agent_v2:7 features.shell_tool:5 notify:3 service_tier:11"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if p := mustLoad(t, in); p.Mode != policy.ModeWorkspaceWrite || len(p.Values) != len(keys) {
		t.Errorf("%+v", p)
	}
}

// TestProfileFile checks a profile with a file of its own.
func TestProfileFile(t *testing.T) {
	in := newInput(t, "model = \"a\"\nsandbox_mode = \"read-only\"\n[profiles.both]\nmodel = \"x\"\n[model_providers.s]\nbase_url = \"https://s/v1\"\nhttp_headers = { A = \"1\", B = \"2\" }\n")
	file := func(name string) string { return filepath.Join(in.Home, name+".config.toml") }
	writeFile(t, file("p"), "model = \"b\"\nmodel_provider = \"s\"\n[model_providers.s]\nenv_key = \"FILE_KEY\"\nhttp_headers = { B = \"3\" }\n", 0o600)
	in.Profile = "p"
	p, s, err := LoadSession(in)
	if err != nil || p.Mode != policy.ModeReadOnly || s.Model != "b" || s.Provider.headers["A"].value != "1" || s.Provider.headers["B"].value != "3" || !slices.Contains(s.variables, "FILE_KEY") {
		t.Errorf("%v %+v %v", p.Mode, s, err)
	}
	for _, v := range s.Values {
		if v.Key == "model" && (v.From.File != file("p") || v.From.Line != 1 || v.From.Note != "profile p") {
			t.Errorf("%+v", v)
		}
	}
	in.Profile = "both"
	if p := mustLoad(t, in); p.Mode != policy.ModeReadOnly {
		t.Errorf("%v", p.Mode)
	}
	writeFile(t, file("both"), "", 0o600)
	wantRefusal(t, in, `profile "both" is defined twice`, "keep one")
	in.Profile = "p"
	for text, piece := range map[string]string{"sandbox_mod = 1": "p.config.toml:1: unknown key", "\n[profiles.x]": "p.config.toml:2: the file of a profile has no profiles", "x": "p.config.toml:1: not valid TOML"} {
		writeFile(t, file("p"), text, 0o600)
		wantRefusal(t, in, piece)
	}
	writeFile(t, file("p"), "", 0o646)
	wantRefusal(t, in, "p.config.toml can be written by everyone", "chmod")
	for _, name := range []string{"../p", "a/b", "none", "p.config.toml", "p\x00"} {
		in.Profile = name
		wantRefusal(t, in, "is not defined")
	}
}

func TestOnThisMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:1/v1": true, "http://LOCALHOST/": true, "http://127.0.0.1": true, "http://127.1.2.3:8/x": true, "http://[::1]:7/v1": true,
		"http://127.0.0.1.evil.org/": false, "http://localhost.evil.org": false, "http://[::1].evil.org/": false, "http://[::2]/": false, "http://10.0.0.1/": false, "http://127.1/": false,
	} {
		if onThisMachine(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}
