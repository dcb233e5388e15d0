//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestAnswersCountOnce checks that a yes counts for its own question only, and for one
// call.
func TestAnswersCountOnce(t *testing.T) {
	c := connectByHand(t)
	yes := mcp.InputResponseMap{"approval": &mcp.ElicitResult{Action: "accept", Content: map[string]any{"allow": true}}}
	escalate := func(cmd, state string, answer mcp.InputResponseMap) *mcp.CallToolResult {
		t.Helper()
		r, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "exec_command", RequestState: state, InputResponses: answer,
			Arguments: map[string]any{"cmd": cmd, "login": false, "sandbox_permissions": "require_escalated"}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ran := func(name string) bool {
		_, err := os.Lstat(c.dir + "/" + name)
		return err == nil
	}
	refused := func(what string, r *mcp.CallToolResult) {
		t.Helper()
		if !r.IsError || !strings.Contains(r.Content[0].(*mcp.TextContent).Text, "another question") {
			t.Errorf("%s: %+v", what, r)
		}
	}
	refused("an answer to no question", escalate("touch ../a", "made up", yes))
	if r := escalate("touch ../a", "", yes); r.RequestState == "" || r.IsError {
		t.Fatalf("an answer without a question: %+v", r)
	}
	state := escalate("touch ../a", "", nil).RequestState
	refused("an answer to another question", escalate("touch ../b", state, yes))
	refused("an answer that was used up", escalate("touch ../a", state, yes))
	if ran("a") || ran("b") {
		t.Error("a command ran without its yes")
	}
	state = escalate("touch ../c", "", nil).RequestState
	if r := escalate("touch ../c", state, yes); r.IsError || !ran("c") {
		t.Errorf("%+v", r)
	}
	os.Remove(c.dir + "/c")
	refused("a yes for a second call", escalate("touch ../c", state, yes))
	if ran("c") {
		t.Error("one yes ran two commands")
	}
}

// TestAsking checks that the client asks its user, about a single command.
func TestAsking(t *testing.T) {
	yes := &mcp.ElicitResult{Action: "accept", Content: map[string]any{"allow": true}}
	for name, answer := range map[string]*mcp.ElicitResult{
		"yes":     yes,
		"no":      {Action: "accept", Content: map[string]any{"allow": false}},
		"decline": {Action: "decline"},
		"cancel":  {Action: "cancel"},
		"nobody":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			user := func(message string) *mcp.ElicitResult {
				asked = append(asked, message)
				return answer
			}
			if answer == nil {
				user = nil
			}
			c := connectAsking(t, user)
			text, failed := c.call("exec_command", map[string]any{"cmd": "touch ../out; exit 3", "sandbox_permissions": "require_escalated", "justification": "to \x1b[2Jwrite it"})
			_, err := os.Lstat(c.dir + "/out")
			if answer == yes {
				if failed || err != nil || !strings.Contains(text, "exited with code 3") {
					t.Errorf("%q %v", text, err)
				}
				l := c.log()[0]
				a, _ := l["approval"].(map[string]any)
				if l["mode"] != "danger-full-access" || a["escalated_from"] != "workspace-write" || a["by"] != "the user of test, by MCP elicitation" {
					t.Errorf("the log says %v", l)
				}
			} else {
				if !failed || err == nil || !strings.Contains(text, "refused at approve") || !strings.Contains(text, "hint: ") {
					t.Errorf("%q %v", text, err)
				}
				if l := c.log()[0]; l["event"] != "refusal" || l["code"] != "not-approved" {
					t.Errorf("the log says %v", l)
				}
			}
			if user != nil && (len(asked) != 1 || !strings.Contains(asked[0], "WITHOUT the sandbox") || !strings.Contains(asked[0], "touch ../out") || strings.Contains(asked[0], "\x1b")) {
				t.Errorf("asked %q", asked)
			}
			// A yes is for a single command.
			if text, _ := c.call("exec_command", map[string]any{"cmd": "touch ../out2"}); !strings.Contains(text, "code 1\n") {
				t.Errorf("%q", text)
			}
			if _, err := os.Lstat(c.dir + "/out2"); err == nil {
				t.Error("the next command is outside of the sandbox too")
			}
		})
	}
}

// TestAskingOlderClients checks that up to protocol 2025-11-25 the server itself asks,
// while the call waits.
func TestAskingOlderClients(t *testing.T) {
	c := connect(t) // for the folders
	server := exec.Command(core, "mcp", "-C", c.ws)
	server.Env = c.server.Env
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { server.Process.Kill() })
	defer timer.Stop()
	say := func(line string) { fmt.Fprintln(in, line) }
	say(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}},"clientInfo":{"name":"old","version":"1"}}}`)
	say(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	say(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"exec_command","arguments":{"cmd":"touch ../out","sandbox_permissions":"require_escalated"}}}`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var m struct {
			ID     any
			Method string
			Result json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if m.Method == "elicitation/create" {
			if _, err := os.Lstat(c.dir + "/out"); err == nil {
				t.Error("it ran before the answer")
			}
			say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%v,"result":{"action":"accept","content":{"allow":true}}}`, m.ID))
		}
		if m.ID == 2.0 {
			if !strings.Contains(string(m.Result), "exited with code 0") {
				t.Errorf("%s", m.Result)
			}
			break
		}
	}
	in.Close()
	server.Wait()
	if _, err := os.Lstat(c.dir + "/out"); err != nil {
		t.Error(err)
	}
}
