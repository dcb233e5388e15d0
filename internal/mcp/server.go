// Package mcp serves the tools over the Model Context Protocol, on standard input and
// output. Package mcp must never start anything itself, answer in the place of the gate,
// or print anything but the protocol.
package mcp

import (
	"context"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/refusal"
)

// newServer makes a server for the tools: the tools of unified exec, or the classic tool.
func newServer(tools *tool.Set, unified bool) *mcp.Server {
	asked := &questions{open: map[string]tool.Question{}}
	s := mcp.NewServer(&mcp.Implementation{Name: "lockstile", Title: "lockstile", Version: lockstile.Version}, &mcp.ServerOptions{
		Instructions: instructions,
		Capabilities: &mcp.ServerCapabilities{}, // only tools; AddTool adds the capability
	})
	s.AddReceivingMiddleware(withoutNulls)
	if !unified {
		mcp.AddTool(s, &mcp.Tool{Name: "shell", Description: shellDescription, Annotations: annotations("Run a command")},
			func(ctx context.Context, r *mcp.CallToolRequest, c tool.Shell) (*mcp.CallToolResult, any, error) {
				defer waiting(ctx, r)()
				return say(tools.Shell(ctx, c, tool.Caller{Ask: asked.by(r)}))
			})
		return s
	}
	mcp.AddTool(s, &mcp.Tool{Name: "exec_command", Description: execDescription, Annotations: annotations("Run a shell command")},
		func(ctx context.Context, r *mcp.CallToolRequest, c tool.ExecCommand) (*mcp.CallToolResult, any, error) {
			defer waiting(ctx, r)()
			return say(tools.Exec(ctx, c, tool.Caller{Ask: asked.by(r)}))
		})
	mcp.AddTool(s, &mcp.Tool{Name: "write_stdin", Description: writeDescription, Annotations: annotations("Type into a session")},
		func(ctx context.Context, r *mcp.CallToolRequest, w tool.WriteStdin) (*mcp.CallToolResult, any, error) {
			defer waiting(ctx, r)()
			return say(tools.Write(ctx, w))
		})
	return s
}

// annotations tell a client's user what a tool may do: what a command does is open.
func annotations(title string) *mcp.ToolAnnotations {
	yes := true
	return &mcp.ToolAnnotations{Title: title, DestructiveHint: &yes, OpenWorldHint: &yes}
}

const instructions = "Commands run in a sandbox that is proven before they start. What is refused is said with the reason and what would mend it."

const shellDescription = "Runs a command (its program and arguments, no shell) in the sandbox to its end, and answers with its exit code and output. Processes left in the background are ended with it."

const execDescription = "Runs a shell command in the sandbox and answers with its output when it has ended, or when yield_time_ms is over; then it runs on, and write_stdin takes the session ID. Processes that the command leaves in the background are ended with it: start a server in the foreground, and it becomes a session, which later commands reach on localhost."

const writeDescription = "Types characters into a running session, or only waits for more output where chars is empty, and answers with what was printed since."

// say makes a result of an answer. Errors are results too: the model is to read errors. A
// result is only text, since several clients drop the text if a result has more.
func say(a fmt.Stringer, err error) (*mcp.CallToolResult, any, error) {
	if err == nil {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: a.String()}}}, nil, nil
	}
	var question *asking
	if errors.As(err, &question) {
		return question.result(), nil, nil
	}
	text := plain.Sprintf("%v", err)
	var why *refusal.Error
	if errors.As(err, &why) && why.Hint != "" {
		text += plain.Sprintf("\nhint: %s", why.Hint)
	}
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil, nil
}
