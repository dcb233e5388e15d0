package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestMain also runs the test binary as the server.
func TestMain(m *testing.M) {
	if os.Getenv("LOCKSTILE_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// serve connects a client to a server with a configuration.
func serve(t *testing.T, config string) (c *mcp.ClientSession, ws, log string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ws, home := filepath.Join(dir, "ws"), filepath.Join(dir, "home")
	for _, d := range []string{ws, home} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-C", ws)
	cmd.Env = append(os.Environ(), "LOCKSTILE_TEST_MAIN=1", "LOCKSTILE_HOME="+home)
	cmd.Stderr = os.Stderr
	c, err = mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, ws, filepath.Join(home, "sandbox.log")
}

func call(t *testing.T, c *mcp.ClientSession, tool string, args map[string]any) string {
	t.Helper()
	r, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, content := range r.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}

func TestExecCommand(t *testing.T) {
	c, ws, _ := serve(t, `sandbox_mode = "danger-full-access"`)
	out := call(t, c, "exec_command", map[string]any{"cmd": `echo a "b c" & cd & exit 3`, "shell": "cmd"})
	if !strings.Contains(out, `a "b c"`) || !strings.Contains(out, ws) || !strings.Contains(out, "exited with code 3") {
		t.Errorf("%q", out)
	}
	// A session on a console lives on, is typed into, and ends.
	out = call(t, c, "exec_command", map[string]any{"cmd": "pause >CONOUT$ <CONIN$ & echo over >CONOUT$", "shell": "cmd", "tty": true, "yield_time_ms": 1000})
	var id int
	if at := strings.Index(out, "session ID "); at < 0 {
		t.Fatalf("%q", out)
	} else if _, err := fmt.Sscanf(out[at:], "session ID %d", &id); err != nil {
		t.Fatal(err)
	}
	out = call(t, c, "write_stdin", map[string]any{"session_id": id, "chars": "x\r", "yield_time_ms": 10000})
	if !strings.Contains(out, "over") || !strings.Contains(out, "exited with code 0") {
		t.Errorf("%q", out)
	}
}

// TestConfiguredAndAbsent is like the test in cmd/lockstile.
func TestConfiguredAndAbsent(t *testing.T) {
	for _, unified := range []bool{true, false} {
		for _, sandbox := range []string{"elevated", "unelevated"} {
			c, ws, log := serve(t, fmt.Sprintf("approval_policy = \"never\"\n[features]\nunified_exec = %v\n[windows]\nsandbox = %q\n", unified, sandbox))
			for _, tty := range []bool{false, true} {
				tool, args := "exec_command", map[string]any{"cmd": "echo ran > ran", "shell": "cmd", "tty": tty}
				if !unified {
					tool, args = "shell", map[string]any{"command": []string{"cmd", "/c", "echo ran > ran"}}
				}
				if out := call(t, c, tool, args); !strings.Contains(out, "refused at ") || !strings.Contains(out, sandbox) {
					t.Errorf("%s %s: %q", tool, sandbox, out)
				}
			}
			if _, err := os.Stat(filepath.Join(ws, "ran")); err == nil {
				t.Errorf("%s: it ran", sandbox)
			}
			if text, err := os.ReadFile(log); err != nil || strings.Count(string(text), `"event":"refusal"`) != 2 || strings.Contains(string(text), `"event":"start"`) {
				t.Errorf("%s %v", text, err)
			}
		}
	}
}
