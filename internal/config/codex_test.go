//go:build linux

package config

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/refusal"
)

// codexProgram is codex's own program, and not its wrapper (scripts/test.sh).
func codexProgram(t *testing.T) string {
	t.Helper()
	wrapper := os.Getenv("LOCKSTILE_TEST_CODEX")
	if wrapper == "" {
		t.Skip("LOCKSTILE_TEST_CODEX is not set")
	}
	found, err := filepath.Glob(filepath.Join(filepath.Dir(wrapper), "../@openai/codex-*/vendor/*/bin/codex"))
	if err != nil || len(found) != 1 {
		t.Fatalf("codex's program lies in %q, %v", found, err)
	}
	return found[0]
}

// codexFields reads the keys of codex's configuration from its program: the list of fields
// that the decoder of the struct ConfigToml was compiled with.
func codexFields(t *testing.T, program string) []string {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, list := f.Section(".rodata"), f.Section(".data.rel.ro")
	if text == nil || list == nil {
		t.Fatal("the program has no constants")
	}
	words, err := text.Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := list.Data()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`struct ConfigToml with (\d+) elements`).FindSubmatch(words)
	if m == nil {
		t.Fatal("the program doesn't say how many keys there are")
	}
	many, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	// A name in the list is an address and a length. review_model stands in no other list.
	name := func(at int) string {
		if at < 0 || at+16 > len(table) {
			return ""
		}
		from, size := binary.LittleEndian.Uint64(table[at:])-text.Addr, binary.LittleEndian.Uint64(table[at+8:])
		if from > uint64(len(words)) || size > 100 || from+size > uint64(len(words)) {
			return ""
		}
		return string(words[from : from+size])
	}
	for at := 0; ; {
		i := bytes.Index(words[at:], []byte("review_model"))
		if i < 0 {
			t.Fatal("no list of keys was found")
		}
		at += i + 1
		var entry [16]byte
		binary.LittleEndian.PutUint64(entry[:], text.Addr+uint64(at-1))
		binary.LittleEndian.PutUint64(entry[8:], uint64(len("review_model")))
		middle := bytes.Index(table, entry[:])
		if middle < 0 {
			continue
		}
		for middle >= 16 && name(middle) != "model" {
			middle -= 16
		}
		var fields []string
		for n := range many {
			fields = append(fields, name(middle+16*n))
		}
		return fields
	}
}

// TestCodexKeys checks that the table has each key that codex knows at the top.
func TestCodexKeys(t *testing.T) {
	program := codexProgram(t)
	fields := codexFields(t, program)
	for _, sure := range []string{"model", "sandbox_mode", "mcp_servers", "profiles", "tui", "oss_provider"} {
		if !slices.Contains(fields, sure) {
			t.Fatalf("this is not the list of keys: %q", fields)
		}
	}
	for _, name := range fields {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]+$`).MatchString(name) {
			t.Fatalf("this is not the list of keys: %q", fields)
		}
		if foreignKey([]string{name}) == nil {
			t.Errorf("codex knows the key %q: add it to codexKeys", name)
		}
	}
	t.Logf("%d keys", len(fields))
}

// TestCodexFeatures checks the names below [features] in the same way.
func TestCodexFeatures(t *testing.T) {
	c := exec.Command(codexProgram(t), "features", "list")
	c.Env = append(os.Environ(), "CODEX_HOME="+t.TempDir())
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(line, " ")
		if name == "" || strings.Contains(name, ".") {
			continue // a part of the feature above
		}
		if n++; foreignKey([]string{"features", name}) == nil && lookup("features."+name) == nil {
			t.Errorf("codex knows the feature %q: add it to codexFeatures", name)
		}
	}
	if n < 50 {
		t.Errorf("%d features: %s", n, out)
	}
}

// TestForeignTable checks the table itself: names once, and obeyed keys that are keys.
func TestForeignTable(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range slices.Concat(codexKeys[:], below[:]) {
		if seen[f.name] {
			t.Errorf("%s is listed twice", f.name)
		}
		seen[f.name] = true
		if f.class == refused && (f.why == "" || f.mend == "") {
			t.Errorf("%s is refused without a reason or a mend", f.name)
		}
		ours := sessionKey(strings.Split(f.name, ".")) != nil || isSessionTable(strings.Split(f.name, ".")) || lookup(f.name) != nil || isTable(f.name) || f.name == "profiles"
		if ours != (f.class == obeyed) {
			t.Errorf("%s: obeyed %v, a key of ours %v", f.name, f.class == obeyed, ours)
		}
	}
}

// everyday is a file of a codex user. codex takes it, and so does lockstile.
const everyday = `
model = "gpt-5.5"
model_provider = "mine"
model_reasoning_effort = "high"
model_reasoning_summary = "auto"
approval_policy = "on-request"
sandbox_mode = "workspace-write"
notify = ["notify-send", "codex"]
file_opener = "vscode"
hide_agent_reasoning = true
web_search = "disabled"
service_tier = "fast"
project_doc_max_bytes = 1000
[model_providers.mine]
name = "Mine"
base_url = "https://mine.example/v1"
env_key = "MINE_KEY"
wire_api = "responses"
query_params = { api-version = "1" }
request_max_retries = 2
stream_max_retries = 3
stream_idle_timeout_ms = 60000
[mcp_servers.files]
command = "npx"
args = ["-y", "@example/files"]
startup_timeout_sec = 20
[mcp_servers.files.env]
LANG = "C"
[mcp_servers.web]
url = "https://mcp.example/mcp"
bearer_token_env_var = "WEB_TOKEN"
enabled = false
[sandbox_workspace_write]
network_access = false
[shell_environment_policy]
inherit = "core"
set = { CI = "1" }
[features]
unified_exec = true
multi_agent = false
[tui]
notifications = true
theme = "dracula"
status_line = ["model"]
[history]
persistence = "none"
[projects."/home/me/src"]
trust_level = "trusted"
[notice]
hide_full_access_warning = true
[otel]
environment = "dev"
[skills.bundled]
enabled = false
`

// strict runs codex over a file; said is its word on the first unknown key.
func strict(t *testing.T, program, text string) (said string) {
	t.Helper()
	home := t.TempDir()
	writeFile(t, filepath.Join(home, "config.toml"), text, 0o600)
	c := exec.Command(program, "app-server", "--print-startup-config", "--strict-config")
	c.Env = []string{"CODEX_HOME=" + home, "HOME=" + home, "PATH=" + os.Getenv("PATH")}
	out, err := c.Output()
	if err == nil && strings.Contains(string(out), "configRequirements") {
		return ""
	}
	return string(out)
}

// TestCodexFile checks that an everyday file of codex loads unchanged.
func TestCodexFile(t *testing.T) {
	program := codexProgram(t)
	if said := strict(t, program, everyday); said != "" {
		t.Errorf("codex doesn't take the file: %s", said)
	}
	if said := strict(t, program, "made_up = 1\n"+everyday); !strings.Contains(said, "made_up") {
		t.Errorf("codex takes everything: %s", said)
	}
	s := mustLoadSession(t, newInput(t, everyday))
	if s.Provider.ID != "mine" || len(s.Servers) != 2 || len(s.Ignored) != 15 {
		t.Errorf("%+v", s)
	}
}

// TestEachForeignKey checks each row of the table in a file: what is ignored loads and is
// listed, what is refused is refused with the line and the mend.
func TestEachForeignKey(t *testing.T) {
	for _, f := range slices.Concat(codexKeys[:], below[:]) {
		if f.class == obeyed {
			continue
		}
		name := strings.Replace(f.name, "*", "x", 1)
		rest := map[string]string{"model_providers": "model_providers.x.base_url = \"https://x/v1\"\n", "mcp_servers": "mcp_servers.x.command = \"x\"\n"}[strings.Split(name, ".")[0]]
		_, s, err := LoadSession(newInput(t, "\n"+name+" = { odd = [1, {}] }\n"+rest))
		if f.class == ignored {
			if err != nil || len(s.Ignored) != 1 || s.Ignored[0].Key != name || s.Ignored[0].From.Line != 2 {
				t.Errorf("%s: %v %+v", name, err, s.Ignored)
			}
			continue
		}
		var r *refusal.Error
		if !errors.As(err, &r) || !strings.Contains(r.Reason, "config.toml:2: ") || !strings.Contains(r.Reason, name) || r.Hint != f.mend {
			t.Errorf("%s: %v", name, err)
		}
	}
}
