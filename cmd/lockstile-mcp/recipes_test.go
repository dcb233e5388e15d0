//go:build linux

package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// recipe is a client with its settings, as docs/recipes.md says. Words between at-signs stand
// for the workspace, the program, and the model's address.
type recipe struct {
	program string            // below the folder of the clients
	files   map[string]string // below the home or the workspace
	env     []string
	args    []string
	own     []string // names of the client's own shell, which must not be offered
}

var recipes = map[string]recipe{
	"gemini": {
		program: "gemini",
		files: map[string]string{"home/.gemini/settings.json": `{"mcpServers": {"lockstile": {"command": "@LOCKSTILE@", "args": ["mcp", "-C", "@WS@"], "trust": true}},
			"tools": {"exclude": ["run_shell_command"]}, "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
			"privacy": {"usageStatisticsEnabled": false}, "general": {"enableAutoUpdate": false, "disableAutoUpdate": true}}`},
		env:  []string{"GEMINI_API_KEY=x", "GOOGLE_GEMINI_BASE_URL=@MODEL@"},
		args: []string{"-m", "gemini-2.5-flash", "--yolo", "-p", "go"},
		own:  []string{"run_shell_command"},
	},
	"qwen": {
		program: "qwen",
		files: map[string]string{"home/.qwen/settings.json": `{"mcpServers": {"lockstile": {"command": "@LOCKSTILE@", "args": ["mcp", "-C", "@WS@"], "trust": true}},
			"tools": {"exclude": ["run_shell_command"]}, "security": {"auth": {"selectedType": "openai"}}, "privacy": {"usageStatisticsEnabled": false}}`},
		env:  []string{"OPENAI_API_KEY=x", "OPENAI_BASE_URL=@MODEL@/v1", "OPENAI_MODEL=mock"},
		args: []string{"--approval-mode", "yolo", "-p", "go"},
		own:  []string{"run_shell_command"},
	},
	"opencode": {
		program: "opencode",
		files: map[string]string{"ws/opencode.json": `{"provider": {"mock": {"npm": "@ai-sdk/openai-compatible", "name": "mock", "options": {"baseURL": "@MODEL@/v1", "apiKey": "x"}, "models": {"mock": {"name": "mock"}}}},
			"model": "mock/mock", "small_model": "mock/mock", "tools": {"bash": false}, "autoupdate": false, "share": "disabled",
			"mcp": {"lockstile": {"type": "local", "command": ["@LOCKSTILE@", "mcp", "-C", "@WS@"], "enabled": true}}}`},
		env:  []string{"OPENCODE_DISABLE_MODELS_FETCH=1"},
		args: []string{"run", "go"},
		own:  []string{"bash"},
	},
}

// clients is the folder with the clients from npm (scripts/test.sh).
func clients(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LOCKSTILE_TEST_CLIENTS")
	if dir == "" {
		t.Skip("LOCKSTILE_TEST_CLIENTS is not set")
	}
	return filepath.Join(dir, "node_modules", ".bin")
}

// alone runs a script in a network namespace without a way out, beside the model.
func alone(t *testing.T, dir, log string, env []string, script string, args ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The loopback goes up by itself at the first address; ip(8) may be absent.
	begin := `python3 -c 'import fcntl,socket,struct; fcntl.ioctl(socket.socket(socket.AF_INET,socket.SOCK_DGRAM),0x8914,struct.pack("16sh22x",b"lo",1|64))'
LOCKSTILE_TEST_MODEL="$1" "$2" & model=$!
shift 2
i=0; while ! [ -e "` + log + `" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
` + script + `
code=$?; kill $model; exit $code`
	outer := []string{"--net", "--", "sh", "-c", begin, "sh", log, self}
	if os.Geteuid() != 0 {
		outer = append([]string{"--user", "--map-current-user", "--keep-caps"}, outer...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", append(outer, args...)...)
	cmd.Dir, cmd.WaitDelay = dir+"/ws", 5*time.Second
	cmd.Env = append([]string{"PATH=" + filepath.Dir(core) + ":" + os.Getenv("PATH"), "HOME=" + dir + "/home", "LOCKSTILE_HOME=" + dir + "/lockstile", "TERM=dumb", "NO_COLOR=1", "SHELL=/bin/bash", "LANG=C.UTF-8"}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const recipeAddress = "127.0.0.1:18080"

// recipePlace makes the folders of a client.
func recipePlace(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-recipe-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, d := range []string{"ws", "home"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRecipes runs real clients with a scripted model: the client's own shell is off, and
// the model's command runs in the sandbox.
func TestRecipes(t *testing.T) {
	bin := clients(t)
	for name, r := range recipes {
		t.Run(name, func(t *testing.T) {
			dir := recipePlace(t)
			in := strings.NewReplacer("@LOCKSTILE@", core, "@WS@", dir+"/ws", "@MODEL@", "http://"+recipeAddress)
			for file, text := range r.files {
				file = filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(in.Replace(text)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			env := make([]string, len(r.env))
			for i, e := range r.env {
				env[i] = in.Replace(e)
			}
			log := filepath.Join(dir, "model.log")
			out, err := alone(t, dir, log, env, `"$@" </dev/null`, append([]string{filepath.Join(bin, r.program)}, r.args...)...)
			if err != nil || !strings.Contains(out, "done") {
				t.Errorf("%v\n%s", err, out)
			}
			r.check(t, dir, log)
		})
	}
}

// check looks at what the model saw, and at the record.
func (r recipe) check(t *testing.T, dir, log string) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var last seen
	for line := range strings.Lines(string(text)) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatal(err)
		}
		for _, own := range r.own {
			if slices.Contains(last.Tools, own) {
				t.Errorf("the client's own %s is offered", own)
			}
		}
	}
	if n := len(last.Answers); n == 0 || !strings.Contains(last.Answers[n-1], "from-42") || !strings.Contains(last.Answers[n-1], "Read-only file system") {
		t.Errorf("the model saw %q of %q", last.Answers, last.Tools)
	}
	if _, err := os.Stat(dir + "/ws/in"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir + "/out"); err == nil {
		t.Error("the command got out")
	}
	record, err := os.ReadFile(dir + "/lockstile/sandbox.log")
	if err != nil || !strings.Contains(string(record), "from-$((40+2))") || !strings.Contains(string(record), `"channel":"mcp"`) {
		t.Errorf("%v: %s", err, record)
	}
}

// TestClaude checks the handshake with Claude Code, which has no model without an account.
func TestClaude(t *testing.T) {
	bin := clients(t)
	dir := recipePlace(t)
	out, err := alone(t, dir, filepath.Join(dir, "model.log"), []string{"DISABLE_AUTOUPDATER=1", "DISABLE_TELEMETRY=1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1"},
		`"$1" mcp add lockstile -- lockstile mcp -C "$PWD" && "$1" mcp list </dev/null`, filepath.Join(bin, "claude"))
	if err != nil || !strings.Contains(out, "Connected") {
		t.Errorf("%v\n%s", err, out)
	}
}
