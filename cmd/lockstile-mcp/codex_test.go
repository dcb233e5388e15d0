//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// model is a stand-in for the Responses API: model calls the tools of the script in
// order, and keeps the answers of codex.
type model struct {
	t      *testing.T
	script []func(m *model) (name string, args map[string]any)

	mu      sync.Mutex
	offered string   // the tools of the first request
	outputs []string // of the tool calls, in order
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Tools json.RawMessage
		Input []struct {
			Type   string
			Output json.RawMessage
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		m.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.offered == "" {
		m.offered = string(body.Tools)
	}
	m.outputs = nil
	for _, item := range body.Input {
		if item.Type != "function_call_output" {
			continue
		}
		var text string
		if json.Unmarshal(item.Output, &text) != nil { // the output may be a list of parts
			var parts []struct{ Text string }
			_ = json.Unmarshal(item.Output, &parts)
			for _, p := range parts {
				text += p.Text
			}
		}
		m.outputs = append(m.outputs, text)
	}
	n := len(m.outputs)
	item := map[string]any{"type": "message", "role": "assistant", "content": []any{map[string]any{"type": "output_text", "text": "done"}}}
	if n < len(m.script) {
		name, args := m.script[n](m)
		b, _ := json.Marshal(args)
		item = map[string]any{"type": "function_call", "name": name, "namespace": "mcp__lockstile", "arguments": string(b), "call_id": fmt.Sprintf("call_%d", n)}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(event string, data map[string]any) {
		data["type"] = event
		b, _ := json.Marshal(data)
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, b)
	}
	id := fmt.Sprintf("resp_%d", n)
	send("response.created", map[string]any{"response": map[string]any{"id": id}})
	send("response.output_item.done", map[string]any{"output_index": 0, "item": item})
	send("response.completed", map[string]any{"response": map[string]any{"id": id}})
}

// last is the last tool's output.
func (m *model) last() string { return m.outputs[len(m.outputs)-1] }

// TestCodex runs a foreign client. codex runs a command, keeps Python alive over several
// calls, types into Python, interrupts Python; the sandbox stops attempts to get out.
// LOCKSTILE_TEST_CODEX names codex's program (scripts/test.sh).
func TestCodex(t *testing.T) {
	codex := os.Getenv("LOCKSTILE_TEST_CODEX")
	if codex == "" {
		t.Skip("LOCKSTILE_TEST_CODEX is not set")
	}
	c := connect(t) // for the folders; its server is not used
	var reached atomic.Bool
	host, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	go func() {
		if conn, err := host.Accept(); err == nil {
			reached.Store(true)
			conn.Close()
		}
	}()
	port := host.Addr().(*net.TCPAddr).Port
	exec1 := func(args map[string]any) func(*model) (string, map[string]any) {
		return func(*model) (string, map[string]any) { return "exec_command", args }
	}
	python := 0
	typing := func(chars string, wait int) func(*model) (string, map[string]any) {
		return func(m *model) (string, map[string]any) {
			if python == 0 {
				python = c.session(m.last())
			}
			return "write_stdin", map[string]any{"session_id": python, "chars": chars, "yield_time_ms": wait}
		}
	}
	m := &model{t: t, script: []func(*model) (string, map[string]any){
		exec1(map[string]any{"cmd": "echo from-$((1+1)); touch in; touch ../out /etc/lockstile-out", "login": false}),
		exec1(map[string]any{"cmd": fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d", port), "login": false}),
		exec1(map[string]any{"cmd": "python3 -q", "login": false, "tty": true, "yield_time_ms": 2000}),
		typing("x = 6 * 7\n", 500),
		typing("print('value', x)\n", 1500),
		typing("import time; time.sleep(1007)\n", 500),
		typing("\x03", 1500),
		typing("exit(9)\n", 20000),
	}}
	api := httptest.NewServer(m)
	defer api.Close()
	home := c.dir + "/codex"
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf(`
model = "mock"
model_provider = "mock"
approval_policy = "never"
[model_providers.mock]
name = "mock"
base_url = "%s/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
[features]
shell_tool = false
[mcp_servers.lockstile]
command = %q
args = ["mcp", "-C", %q]
default_tools_approval_mode = "approve"
[mcp_servers.lockstile.env]
LOCKSTILE_HOME = %q
`, api.URL, core, c.ws, c.dir+"/home")
	if err := os.WriteFile(home+"/config.toml", []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, codex, "exec", "--skip-git-repo-check", "go")
	cmd.Dir = c.ws
	cmd.Env = append(os.Environ(), "CODEX_HOME="+home, "HOME="+c.dir, "SHELL=/bin/bash")
	out, err := cmd.CombinedOutput()
	if err != nil || len(m.outputs) != len(m.script) {
		t.Fatalf("%v, %d of %d calls answered\n%s\n%q\ntools: %s", err, len(m.outputs), len(m.script), out, m.outputs, m.offered)
	}
	for i, want := range []string{"from-2", "exited with code 1", "Process running with session ID", "", "value 42", "", "KeyboardInterrupt", "Process exited with code 9"} {
		if !strings.Contains(m.outputs[i], want) {
			t.Errorf("call %d: no %q in %q", i, want, m.outputs[i])
		}
	}
	if !strings.Contains(m.outputs[0], "may not be written") {
		t.Errorf("the model is not told what stood in its way: %q", m.outputs[0])
	}
	for path, want := range map[string]bool{c.ws + "/in": true, c.dir + "/out": false, "/etc/lockstile-out": false} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if reached.Load() {
		t.Error("the host was reached")
	}
	if !strings.Contains(m.offered, "exec_command") || !strings.Contains(m.offered, "mcp__lockstile") {
		t.Errorf("codex offers %s", m.offered)
	}
}
