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

// maxQuestions is how many questions may be open at once; of more, the oldest is
// forgotten, and its answer comes too late.
const maxQuestions = 64

// questions are those that a client has been given to ask. In this protocol a
// question is the result of a call, and its answer comes with the same call made
// anew; so each is remembered, and each answer counts once, for that question.
type questions struct {
	mu    sync.Mutex
	open  map[string]tool.Question
	order []string
}

// asking is the error of a call that goes on when its question is answered.
type asking struct {
	state    string
	question tool.Question
}

func (*asking) Error() string { return tool.ErrAsking.Error() }

func (*asking) Unwrap() error { return tool.ErrAsking }

// by asks the user of the client that makes a call.
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

// take gives a question once; one that isn't open is the zero one, which nobody asks.
func (all *questions) take(state string) tool.Question {
	all.mu.Lock()
	defer all.mu.Unlock()
	q := all.open[state]
	delete(all.open, state)
	all.order = slices.DeleteFunc(all.order, func(s string) bool { return s == state })
	return q
}

// answerName is the name of the answer among those that come back.
const answerName = "approval"

// result asks the client to ask.
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

// message is the question as a person reads it. What the model wrote can't pass
// for our own words: its control characters are shown, and it comes behind.
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
