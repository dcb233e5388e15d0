package mcp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/tool"
)

// maxQuestions is the most open questions at a time; beyond the limit the oldest is
// forgotten, and its answer comes too late.
const maxQuestions = 64

// questions are the open questions at a client. In the protocol a question is the result
// of a call, and the answer comes with a repeated call. So questions remembers each
// question, and each answer counts once, for its own question.
type questions struct {
	mu    sync.Mutex
	open  map[string]tool.Question
	order []string
}

// asking is the error of a call that waits for an answer.
type asking struct {
	state    string
	question tool.Question
}

func (*asking) Error() string { return tool.ErrAsking.Error() }

func (*asking) Unwrap() error { return tool.ErrAsking }

// by returns a tool.Ask for the user of the calling client.
func (all *questions) by(r *mcp.CallToolRequest) tool.Ask {
	return func(_ context.Context, q tool.Question) (string, error) {
		caps := r.ClientCapabilities()
		if caps == nil || caps.Elicitation == nil || caps.Elicitation.Form == nil && caps.Elicitation.URL != nil {
			return "", errors.New("the client can't ask its user")
		}
		if r.Params.RequestState == "" {
			return "", &asking{all.add(q), q}
		}
		if all.take(r.Params.RequestState) != q {
			return "", errors.New("the answer is to another question")
		}
		answer, ok := r.Params.InputResponses[answerName].(*mcp.ElicitResult)
		if !ok || answer.Action != "accept" || answer.Content["allow"] != true {
			return "", nil
		}
		return "the user of " + clientName(r) + ", by MCP elicitation", nil
	}
}

func (all *questions) add(q tool.Question) (state string) {
	state = rand.Text()
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.order) == maxQuestions {
		delete(all.open, all.order[0])
		all.order = all.order[1:]
	}
	all.open[state] = q
	all.order = append(all.order, state)
	return state
}

// take returns an open question once, and the zero Question for an unknown state. No call
// asks the zero Question.
func (all *questions) take(state string) tool.Question {
	all.mu.Lock()
	defer all.mu.Unlock()
	q := all.open[state]
	delete(all.open, state)
	all.order = slices.DeleteFunc(all.order, func(s string) bool { return s == state })
	return q
}

// answerName is the name of the approval among the client's answers.
const answerName = "approval"

// result returns the request to ask the user.
func (a *asking) result() *mcp.CallToolResult {
	return &mcp.CallToolResult{RequestState: a.state, InputRequests: mcp.InputRequestMap{answerName: &mcp.ElicitParams{
		Mode: "form", Message: message(a.question), RequestedSchema: &jsonschema.Schema{
			Type: "object",
			Properties: map[string]*jsonschema.Schema{
				"allow": {Type: "boolean", Title: "Allow this command", Description: "only this one, only now"},
			},
			Required: []string{"allow"},
		},
	}}}
}

// message returns the question as a person reads it. The model's text can't pass for our
// own words: control characters are shown as text, and the text comes after ours.
func message(q tool.Question) string {
	var b strings.Builder
	if q.Escalate {
		fmt.Fprintf(&b, "Start WITHOUT the sandbox, with all your rights, in %s?", plain.Text(q.Dir))
	} else {
		fmt.Fprintf(&b, "Start inside the sandbox, in %s?", plain.Text(q.Dir))
	}
	fmt.Fprintf(&b, "\n\n    %s\n", plain.Text(q.Command))
	if q.Justification != "" {
		fmt.Fprintf(&b, "\nThe agent says: %s\n", plain.Text(q.Justification))
	}
	return b.String()
}

func clientName(r *mcp.CallToolRequest) string {
	if info := r.ClientInfo(); info != nil && info.Name != "" {
		return plain.Text(info.Name)
	}
	return "an unnamed client"
}
