package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/mcpclient"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/policy"
)

// serverPrefix begins the names of the tools of MCP servers.
const serverPrefix = "mcp__"

// isServerCall reports whether a call is for an MCP server. Some models put the server
// into the namespace of the call.
func (c *call) isServerCall() bool {
	if c.Namespace != "" {
		c.Name, c.Namespace = c.Namespace+"__"+c.Name, ""
	}
	return strings.HasPrefix(c.Name, serverPrefix)
}

// greetServers waits for the MCP servers before the first request, and tells what is wrong
// with them.
func (t *Thread) greetServers(ctx context.Context) error {
	if t.Servers == nil || t.greeted {
		return nil
	}
	if err := t.Servers.Wait(ctx); err != nil {
		return err
	}
	t.greeted = true
	for _, s := range t.Servers.Servers() {
		if err := s.Problem(); err != nil {
			t.tell(Event{Type: ErrorEvent, Message: err.Error()})
		}
		for _, note := range s.Notes() {
			t.tell(Event{Type: ErrorEvent, Message: "MCP server " + s.Name() + ": " + note})
		}
	}
	return nil
}

// server carries a call of an MCP server's tool out.
func (t *Thread) server(ctx context.Context, c call) output {
	if t.Servers == nil {
		return "unsupported call: " + c.Name
	}
	s, found, ok := t.Servers.Find(c.Name)
	if !ok {
		return "unsupported call: " + c.Name
	}
	if c.Arguments != "" && !json.Valid([]byte(c.Arguments)) {
		return "failed to parse function arguments: no JSON"
	}
	item := t.newItem(MCPToolCall)
	item.Server, item.Tool, item.Arguments, item.Status, item.CallID = s.Name(), found.Name, c.Arguments, InProgress, c.CallID
	t.tell(Event{Type: ItemStarted, Item: item})
	begun := time.Now()
	if err := t.mayCall(ctx, s, found, c.Arguments); err != nil {
		item.Status, item.Reason = Declined, err.Error()
		t.tell(Event{Type: ItemCompleted, Item: item})
		return "the call was not made: " + err.Error()
	}
	answer, err := s.Call(ctx, found, json.RawMessage(c.Arguments))
	item.Millis, item.Status, item.Output = time.Since(begun).Milliseconds(), Completed, answer.Text
	switch {
	case err != nil && ctx.Err() != nil:
		item.Status, item.Output = Failed, ErrInterrupted.Error()
	case err != nil:
		item.Status, item.Output = Failed, "the call failed: "+err.Error()
	case answer.Failed:
		item.Status = Failed
	}
	t.tell(Event{Type: ItemCompleted, Item: item})
	return serverOutput(item, answer)
}

// serverOutput is the output of a call for the model.
func serverOutput(item *Item, answer mcpclient.Answer) output {
	text := fmt.Sprintf("%sWall time: %.4f seconds\nOutput:\n%s", marked, float64(item.Millis)/1000, item.Output)
	if len(answer.Images) == 0 {
		return text
	}
	parts := []map[string]string{{"type": "input_text", "text": text}}
	for _, i := range answer.Images {
		parts = append(parts, imagePart(i.Type, i.Bytes))
	}
	return parts
}

var errNotCalled = errors.New("the user said no")

// mayCall asks the user if the policy wants an approval of everything. What a server says
// about its tools (that they only read, for example) never replaces the answer.
func (t *Thread) mayCall(ctx context.Context, s *mcpclient.Server, found mcpclient.Tool, arguments string) error {
	if t.Policy.Approval != policy.ApprovalUntrusted {
		return nil
	}
	by, err := t.Ask(ctx, tool.Question{Command: "MCP server " + s.Name() + ": " + found.Name + " " + arguments, Dir: t.Policy.Workspace, Escalate: s.Free() || s.URL() != ""})
	if err != nil {
		return err
	}
	if by == "" {
		return errNotCalled
	}
	return nil
}
