//go:build linux

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestAnswersCountOnce: a yes is for the question that was asked, and for one call.
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
