//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// alive checks that the server still runs a command, after bad input.
func (c *client) alive() {
	c.Helper()
	if text, failed := c.call("exec_command", map[string]any{"cmd": "echo alive", "login": false}); failed || !strings.Contains(text, "alive") {
		c.Errorf("the server is no good any more: %q", text)
	}
}

// TestBadCalls checks that each bad call gets a clear error, and that the server lives
// on.
func TestBadCalls(t *testing.T) {
	c := connect(t)
	idle, _ := c.call("exec_command", map[string]any{"cmd": "stty raw -echo; echo ready; exec sleep 1007", "login": false, "tty": true, "yield_time_ms": 1000})
	deaf := c.session(idle)
	for _, bad := range []struct {
		tool string
		args map[string]any
		want string
	}{
		{"exec_command", map[string]any{}, "cmd"},
		{"exec_command", map[string]any{"cmd": ""}, "cmd is empty"},
		{"exec_command", map[string]any{"cmd": 7}, "cmd"},
		{"exec_command", map[string]any{"cmd": "true", "no_such": 1}, "no_such"},
		{"exec_command", map[string]any{"cmd": "a\x00b"}, "NUL"},
		{"exec_command", map[string]any{"cmd": "true", "workdir": "a\x00b"}, "full path"},
		{"exec_command", map[string]any{"cmd": "true", "workdir": "/no/such/folder"}, "working directory"},
		{"exec_command", map[string]any{"cmd": "true", "shell": "/no/such/shell"}, "no command"},
		{"exec_command", map[string]any{"cmd": "true", "yield_time_ms": "soon"}, "yield_time_ms"},
		{"exec_command", map[string]any{"cmd": "true", "sandbox_permissions": "all"}, "sandbox_permissions"},
		{"exec_command", map[string]any{"cmd": "true", "sandbox_permissions": "with_additional_permissions", "additional_permissions": map[string]any{"network": true}}, "config.toml"},
		{"exec_command", map[string]any{"cmd": "true", "sandbox_permissions": "require_escalated"}, "nobody could be asked"},
		{"write_stdin", map[string]any{}, "session_id"},
		{"write_stdin", map[string]any{"session_id": "one"}, "session_id"},
		{"write_stdin", map[string]any{"session_id": -1}, "never was such a session"},
		{"write_stdin", map[string]any{"session_id": 1 << 40}, "never was such a session"},
		{"write_stdin", map[string]any{"session_id": deaf, "chars": strings.Repeat("x", 1<<20)}, "write_stdin failed"},
	} {
		r, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: bad.tool, Arguments: bad.args})
		text := fmt.Sprint(err)
		if err == nil {
			text = r.Content[0].(*mcp.TextContent).Text
		}
		if err == nil && !r.IsError || !strings.Contains(text, bad.want) {
			t.Errorf("%s %.100v: %.300q, want %q", bad.tool, bad.args, text, bad.want)
		}
	}
	if _, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "no_such_tool"}); err == nil {
		t.Error("a tool that is not there answers")
	}
	c.alive()
	// Odd numbers are brought into range, not refused.
	for _, args := range []map[string]any{
		{"cmd": "echo hi", "login": false, "yield_time_ms": -5}, {"cmd": "echo hi", "login": false, "yield_time_ms": 1 << 50}, {"cmd": "echo hi", "login": false, "max_output_tokens": -1},
	} {
		if text, failed := c.call("exec_command", args); failed || !strings.Contains(text, "hi") {
			t.Errorf("%v: %q", args, text)
		}
	}
	// Bytes that are not UTF-8 come as text nevertheless.
	if text, failed := c.call("exec_command", map[string]any{"cmd": `printf 'a\377b\303'`, "login": false}); failed || !strings.Contains(text, "a\uFFFDb\uFFFD") {
		t.Errorf("%q", text)
	}
}

// TestManyCalls makes a thousand calls at once, and checks that all are answered.
func TestManyCalls(t *testing.T) {
	c := connect(t)
	var group sync.WaitGroup
	for i := range 1000 {
		group.Go(func() {
			r, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "write_stdin", Arguments: map[string]any{"session_id": i}})
			if err != nil || !r.IsError {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
	for i := range 50 { // fewer than are kept
		group.Go(func() {
			text, failed := c.call("exec_command", map[string]any{"cmd": fmt.Sprintf("echo number-%d", i), "login": false, "yield_time_ms": 30000})
			if failed || !strings.Contains(text, fmt.Sprintf("number-%d\n", i)) {
				t.Errorf("%q", text)
			}
		})
	}
	group.Wait()
	c.alive()
}

// TestBrokenProtocol checks that text outside of JSON-RPC at most ends the connection,
// and leaves no process behind.
func TestBrokenProtocol(t *testing.T) {
	c := connect(t)
	for _, text := range []string{"\n", "{", "[]", "null", "\xff\xfe", `{"jsonrpc":"1.0"}`, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":7}`,
		`{"jsonrpc":"2.0","id":1,"method":"no/such"}`, strings.Repeat("[", 100_000), strings.Repeat("x", 3<<20)} {
		cmd := exec.Command(core, "mcp", "-C", c.ws)
		cmd.Env = c.server.Env
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill(); t.Errorf("%.20q: the server hangs", text) })
		go func() {
			fmt.Fprintln(in, text)
			in.Close()
		}()
		for lines := bufio.NewScanner(out); lines.Scan(); {
		}
		cmd.Wait() // the server ends at the end of its input
		timer.Stop()
	}
	c.alive()
}
