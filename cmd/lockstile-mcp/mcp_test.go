//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The core, and the front end in the same folder. The core executes the front end.
var core, program string

func TestMain(m *testing.M) {
	if os.Getenv("LOCKSTILE_TEST_PLAIN_SERVER") != "" {
		servePlainly()
		return
	}
	if ws := os.Getenv("LOCKSTILE_TEST_CLIENT"); ws != "" {
		core = os.Getenv("LOCKSTILE_TEST_CORE")
		startAndStay(ws)
		return
	}
	if log := os.Getenv("LOCKSTILE_TEST_MODEL"); log != "" {
		fmt.Fprintln(os.Stderr, serveRecipeModel(recipeAddress, log))
		return
	}
	dir := os.Getenv("LOCKSTILE_TEST_PROGRAMS") // for running as a user without Go
	if dir == "" {
		var err error
		if dir, err = build(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer os.RemoveAll(dir)
	}
	core, program = filepath.Join(dir, "lockstile"), filepath.Join(dir, "lockstile-mcp")
	m.Run()
}

// build makes the programs in a folder of their own.
func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "lockstile-mcp-"); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-o", dir, ".", "../lockstile").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, nil
}

// client is an MCP client with a server of its own.
type client struct {
	*testing.T
	*mcp.ClientSession
	dir, ws string
	server  *exec.Cmd

	progress atomic.Int32 // received notices
}

func connect(t *testing.T, flags ...string) *client {
	t.Helper()
	return connectAsking(t, nil, flags...)
}

// connectAsking is connect with a user who answers questions; nil for nobody.
func connectAsking(t *testing.T, user func(message string) *mcp.ElicitResult, flags ...string) *client {
	t.Helper()
	return connectWith(t, &mcp.ClientOptions{}, user, flags...)
}

// connectByHand is connect with a user, and a client that lets the test ask the questions
// and bring the answers.
func connectByHand(t *testing.T) *client {
	t.Helper()
	user := func(string) *mcp.ElicitResult { return &mcp.ElicitResult{Action: "cancel"} }
	return connectWith(t, &mcp.ClientOptions{MultiRoundTrip: &mcp.MultiRoundTripOptions{Disabled: true}}, user)
}

func connectWith(t *testing.T, options *mcp.ClientOptions, user func(message string) *mcp.ElicitResult, flags ...string) *client {
	t.Helper()
	// Not below /tmp: the sandbox has a /tmp of its own.
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-mcp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "ws"), 0o755); err != nil {
		t.Fatal(err)
	}
	return connectIn(t, dir, options, user, flags...)
}

// connectIn is connectWith for the workspace and the log of another client.
func connectIn(t *testing.T, dir string, options *mcp.ClientOptions, user func(message string) *mcp.ElicitResult, flags ...string) *client {
	t.Helper()
	c := &client{T: t, dir: dir, ws: filepath.Join(dir, "ws")}
	options.ProgressNotificationHandler = func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { c.progress.Add(1) }
	if user != nil {
		options.ElicitationHandler = func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return user(r.Params.Message), nil
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	c.server = exec.CommandContext(ctx, core, append([]string{"mcp", "-C", c.ws}, flags...)...)
	c.server.Env = append(os.Environ(), "LOCKSTILE_HOME="+dir+"/home", "HOME="+dir, "SHELL=/bin/bash")
	c.server.Stderr = os.Stderr
	var err error
	c.ClientSession, err = mcp.NewClient(&mcp.Implementation{Name: "test"}, options).Connect(ctx, &mcp.CommandTransport{Command: c.server}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// call calls a tool and returns the text of the answer.
func (c *client) call(name string, args map[string]any) (text string, failed bool) {
	c.Helper()
	r, err := c.CallTool(c.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		c.Fatal(err)
	}
	if len(r.Content) != 1 || r.StructuredContent != nil {
		c.Fatalf("%d contents, %v", len(r.Content), r.StructuredContent)
	}
	return r.Content[0].(*mcp.TextContent).Text, r.IsError
}

var running = regexp.MustCompile(`Process running with session ID (\d+)\n`)

// session returns the session number in an answer.
func (c *client) session(text string) int {
	c.Helper()
	m := running.FindStringSubmatch(text)
	if m == nil {
		c.Fatalf("no session in %q", text)
	}
	id, _ := strconv.Atoi(m[1])
	return id
}

func (c *client) log() (lines []map[string]any) {
	c.Helper()
	b, err := os.ReadFile(c.dir + "/home/sandbox.log")
	if err != nil {
		c.Fatal(err)
	}
	for text := range strings.Lines(string(b)) {
		var l map[string]any
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			c.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestTools(t *testing.T) {
	c := connect(t)
	list, err := c.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 2 || list.Tools[0].Name != "exec_command" || list.Tools[1].Name != "write_stdin" {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, tty := range []bool{false, true} {
		text, failed := c.call("exec_command", map[string]any{"cmd": "echo hello; touch ../out in; exit 3", "tty": tty})
		if failed || !strings.Contains(text, "Process exited with code 3\n") || !strings.Contains(text, "hello") {
			t.Errorf("%q", text)
		}
		if _, err := os.Lstat(c.ws + "/in"); err != nil {
			t.Error("the workspace was not written")
		}
		if _, err := os.Lstat(c.dir + "/out"); err == nil {
			t.Error("written outside of the workspace")
		}
		text, _ = c.call("exec_command", map[string]any{"cmd": "read x; echo got $x; exit 5", "tty": tty, "yield_time_ms": 250})
		if !tty {
			if !strings.Contains(text, "exited with code 5") { // nothing to read
				t.Errorf("%q", text)
			}
			continue
		}
		text, _ = c.call("write_stdin", map[string]any{"session_id": c.session(text), "chars": "typed\n", "yield_time_ms": 20000})
		if !strings.Contains(text, "got typed") || !strings.Contains(text, "Process exited with code 5\n") {
			t.Errorf("%q", text)
		}
	}
	if text, failed := c.call("write_stdin", map[string]any{"session_id": 999}); !failed || !strings.Contains(text, "unknown session id 999") {
		t.Errorf("%q", text)
	}
	if text, failed := c.call("exec_command", map[string]any{"cmd": "true", "workdir": "/no/such"}); !failed || !strings.Contains(text, "refused") || !strings.Contains(text, "hint: ") {
		t.Errorf("%q", text)
	}
	ios := map[string]bool{}
	for _, l := range c.log() {
		if l["event"] == "start" {
			ios[l["io"].(string)] = true
		}
	}
	if !ios["pipes"] || !ios["terminal"] {
		t.Errorf("the log has starts on %v", ios)
	}
}

// TestClassic checks that features.unified_exec chooses the tool, and changes nothing in
// the sandbox.
func TestClassic(t *testing.T) {
	c := connect(t, "-c", "features.unified_exec=false")
	list, err := c.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 1 || list.Tools[0].Name != "shell" {
		t.Fatalf("%+v, %v", list, err)
	}
	text, failed := c.call("shell", map[string]any{"command": []string{"sh", "-c", "echo hello; touch ../out in; exit 3"}})
	if failed || !strings.HasPrefix(text, "Exit code: 3\n") || !strings.Contains(text, "hello") {
		t.Errorf("%q", text)
	}
	if _, err := os.Lstat(c.dir + "/out"); err == nil {
		t.Error("written outside of the workspace")
	}
}

// TestProgress checks that a client with a progress token gets notices while a call
// waits, and that giving a call up ends the command.
func TestProgress(t *testing.T) {
	c := connect(t)
	params := &mcp.CallToolParams{Name: "exec_command", Arguments: map[string]any{"cmd": "sleep 2.5"}}
	params.SetProgressToken("token")
	if r, err := c.CallTool(t.Context(), params); err != nil || r.IsError {
		t.Errorf("%+v %v", r, err)
	}
	for deadline := time.Now().Add(10 * time.Second); c.progress.Load() < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d notices came", c.progress.Load())
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.CallTool(ctx, &mcp.CallToolParams{Name: "exec_command", Arguments: map[string]any{
		"cmd": "trap '' INT TERM HUP; while :; do echo x >> ticks; sleep 0.01; done"}}); err == nil {
		t.Error("a call that was given up has an answer")
	}
	ticksEnd(t, c.ws)
}

func first(text string, _ bool) string { return text }

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--no-such"}, {"more"}, {"--sandbox", "soft"}} {
		out, err := exec.Command(program, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "usage:") {
			t.Errorf("%q: %v %s", args, err, out)
		}
	}
	alone := filepath.Join(t.TempDir(), "lockstile")
	if code, err := os.ReadFile(core); err != nil || os.WriteFile(alone, code, 0o755) != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(alone, "mcp").CombinedOutput(); err == nil || !strings.Contains(string(out), "lockstile-mcp is missing: lockstile looks for it as "+filepath.Dir(alone)) {
		t.Errorf("%v %s", err, out)
	}
	if out, err := exec.Command(program, "--help").Output(); err != nil || !strings.Contains(string(out), "--sandbox MODE") {
		t.Errorf("%v %s", err, out)
	}
}
