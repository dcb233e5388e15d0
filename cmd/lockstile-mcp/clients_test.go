//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// tickTwice is a command line that writes to ticks from two processes. The first runs in
// a session of its own, and no polite signal ends it.
const tickTwice = "trap '' INT HUP TERM; setsid sh -c 'while :; do echo x >> ticks; sleep 0.01; done' & while :; do echo x >> ticks; sleep 0.01; done"

// ticksEnd waits until nobody writes to ticks any more.
func ticksEnd(t *testing.T, ws string) {
	t.Helper()
	size := func() int64 {
		info, err := os.Stat(ws + "/ticks")
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		before := size()
		time.Sleep(200 * time.Millisecond)
		if before > 0 && size() == before {
			return
		}
	}
	t.Fatal("a command goes on")
}

// TestNothingIsLeft checks that no command goes on after the client has gone, or the
// server was killed.
func TestNothingIsLeft(t *testing.T) {
	for name, end := range map[string]func(c *client){
		"the client leaves": func(c *client) { c.Close() },
		"SIGTERM":           func(c *client) { c.server.Process.Signal(syscall.SIGTERM) },
		"SIGKILL":           func(c *client) { c.server.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t)
			for _, tty := range []bool{false, true} {
				c.session(first(c.call("exec_command", map[string]any{"tty": tty, "yield_time_ms": 500, "cmd": tickTwice})))
			}
			end(c)
			ticksEnd(t, c.ws)
		})
	}
}

// startAndStay is a client that never closes its connection: TestClientKilled kills the
// client.
func startAndStay(ws string) {
	server := exec.Command(core, "mcp", "-C", ws)
	c, err := mcp.NewClient(&mcp.Implementation{Name: "short-lived"}, nil).Connect(context.Background(), &mcp.CommandTransport{Command: server}, nil)
	for _, tty := range []bool{false, true} {
		if err == nil {
			_, err = c.CallTool(context.Background(), &mcp.CallToolParams{Name: "exec_command", Arguments: map[string]any{"tty": tty, "yield_time_ms": 500, "cmd": tickTwice}})
		}
	}
	fmt.Println(server.Process.Pid, err)
	time.Sleep(time.Minute)
}

// TestClientKilled checks that a killed client leaves no server and no command.
func TestClientKilled(t *testing.T) {
	c := connect(t) // for the folders
	victim := exec.Command(os.Args[0])
	victim.Env = append(c.server.Env, "LOCKSTILE_TEST_CLIENT="+c.ws, "LOCKSTILE_TEST_CORE="+core)
	victim.Stderr = os.Stderr
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	defer victim.Wait()
	defer victim.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	var server int
	if _, scan := fmt.Sscanf(line, "%d <nil>", &server); scan != nil {
		t.Fatalf("%q %v", line, err)
	}
	victim.Process.Kill()
	ticksEnd(t, c.ws)
	for deadline := time.Now().Add(20 * time.Second); syscall.Kill(server, 0) == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server stays")
		}
	}
}

// TestTwoClients checks that a client can't reach the session of another client, in the
// same workspace, with the same log.
func TestTwoClients(t *testing.T) {
	one := connect(t)
	two := connectIn(t, one.dir, &mcp.ClientOptions{}, nil)
	id := one.session(first(one.call("exec_command", map[string]any{"cmd": "echo mine; exec sleep 1007", "login": false, "tty": true, "yield_time_ms": 500})))
	for _, chars := range []string{"", "\x03"} {
		if text, failed := two.call("write_stdin", map[string]any{"session_id": id, "chars": chars}); !failed || !strings.Contains(text, "never was such a session") {
			t.Errorf("%q: %q", chars, text)
		}
	}
	seen := first(two.call("exec_command", map[string]any{"cmd": "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; kill -9 -1; echo survived", "login": false}))
	if strings.Contains(seen, "sleep 1007") {
		t.Errorf("the other's command is there: %q", seen)
	}
	text, failed := one.call("write_stdin", map[string]any{"session_id": id, "yield_time_ms": 5000})
	if failed || one.session(text) != id {
		t.Errorf("%q", text)
	}
}

// TestPreparedInVain checks that a failed preparation is not used, and that the call says
// why its own start fails.
func TestPreparedInVain(t *testing.T) {
	c := connect(t) // for the folders
	server := exec.Command("unshare", "--user", "--map-root-user", "sh", "-c",
		`echo 0 > /proc/sys/user/max_net_namespaces && exec "$0" mcp -C "$1"`, core, c.ws)
	server.Env = c.server.Env
	server.Stderr = os.Stderr
	limited, err := mcp.NewClient(&mcp.Implementation{Name: "limited"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: server}, nil)
	if err != nil {
		t.Skipf("no user namespaces to limit: %v", err)
	}
	defer limited.Close()
	for range 3 {
		r, err := limited.CallTool(t.Context(), &mcp.CallToolParams{Name: "exec_command", Arguments: map[string]any{"cmd": "echo x > ran"}})
		if err != nil {
			t.Fatal(err)
		}
		if text := r.Content[0].(*mcp.TextContent).Text; !r.IsError || !strings.Contains(text, "(network namespace)") || !strings.Contains(text, "max_net_namespaces") {
			t.Errorf("%q", text)
		}
	}
	if _, err := os.Stat(c.ws + "/ran"); err == nil {
		t.Error("the command ran")
	}
}
