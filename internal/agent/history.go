package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/rollout"
)

// message makes an item of the history with text.
func message(role, text string) json.RawMessage {
	raw, _ := json.Marshal(map[string]any{"type": "message", "role": role, "content": []any{map[string]any{"type": "input_text", "text": text}}})
	return raw
}

// The marks around text in a message of the user that isn't the user's own words.
const (
	environmentMark = "environment_context"
	repositoryMark  = "repository_instructions"
	commandMark     = "user_command"
)

var allMarks = []string{environmentMark, repositoryMark, commandMark}

// marks puts a text between marks. A text can't begin or end a mark: what follows would be
// taken for the user's own words.
func marks(mark, text string) string {
	for _, m := range allMarks {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "</"+m, "< /"+m), "<"+m, "< "+m)
	}
	return "<" + mark + ">\n" + text + "\n</" + mark + ">"
}

// isMarked reports whether a message of the user begins with a mark.
func isMarked(text string) bool {
	return slices.ContainsFunc(allMarks, func(mark string) bool { return strings.HasPrefix(text, "<"+mark+">\n") })
}

// messageOf reads the role and the text of an item that is a message.
func messageOf(raw json.RawMessage) (role, text string, ok bool) {
	var m struct {
		Type    string
		Role    string
		Content []struct{ Text string }
	}
	if json.Unmarshal(raw, &m) != nil || m.Type != "message" {
		return "", "", false
	}
	parts := make([]string, len(m.Content))
	for i, c := range m.Content {
		parts[i] = c.Text
	}
	return m.Role, strings.Join(parts, "\n"), true
}

// call is a model's call of a tool.
type call struct {
	Type      string // function_call or custom_tool_call
	Name      string
	Namespace string // of a tool of an MCP server
	CallID    string
	Arguments string // of a function_call: JSON in a text
	Input     string // of a custom_tool_call
}

// callsOf returns the calls among items, in order.
func callsOf(items []json.RawMessage) []call {
	var out []call
	for _, raw := range items {
		if c, ok := readCall(raw); ok && (c.Type == "function_call" || c.Type == "custom_tool_call") {
			out = append(out, c)
		}
	}
	return out
}

// readCall reads the members by their exact names. Package json takes CALL_ID for call_id,
// and of both the last: a rollout has the members in another order, so that the call of the
// log would be another call than the rollout's.
func readCall(raw json.RawMessage) (c call, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return c, false
	}
	for name, to := range map[string]*string{"type": &c.Type, "name": &c.Name, "namespace": &c.Namespace, "call_id": &c.CallID, "arguments": &c.Arguments, "input": &c.Input} {
		if m := members[name]; m != nil && json.Unmarshal(m, to) != nil {
			return c, false
		}
	}
	return c, true
}

// mostCallID is how long the name of a call may be, in bytes.
const mostCallID = 200

// badID says why a call can't be carried out by its call_id; "" for a good one. The name
// stands in the log: no call may have the name of the user's own commands there.
func (c call) badID() string {
	switch {
	case c.CallID == "":
		return "it has no call_id"
	case c.CallID == userCall:
		return "its call_id stands for the user"
	case len(c.CallID) > mostCallID:
		return fmt.Sprintf("its call_id is longer than %d bytes", mostCallID)
	case redact.Text(c.CallID) != c.CallID:
		return "its call_id looks like a secret"
	}
	return ""
}

// output is what goes back to the model for a call: text, or a list of parts.
type output any

// result makes the item with a call's output.
func (c call) result(o output) json.RawMessage {
	raw, _ := json.Marshal(map[string]any{"type": c.Type + "_output", "call_id": c.CallID, "output": o})
	return raw
}

// unanswered returns the calls of a history that have no output.
func unanswered(history []json.RawMessage) []call {
	answered := map[string]bool{}
	for _, raw := range history {
		if c, ok := readCall(raw); ok && strings.HasSuffix(c.Type, "_output") {
			answered[c.CallID] = true
		}
	}
	var out []call
	for _, c := range callsOf(history) {
		if !answered[c.CallID] {
			out = append(out, c)
		}
	}
	return out
}

// lost is the output of a call that lockstile didn't outlive.
const lost = "No answer: lockstile ended while this call ran, and ended what the call had started. Look at the effects before you call it again."

// Resume takes the history from a rollout's lines, and returns the events to show. A call
// without an output gets one. Nothing is called again.
func (t *Thread) Resume(lines []rollout.Line) (shown []Event, err error) {
	t.history = nil
	begun := false // a turn has begun
	for _, l := range lines {
		switch l.Type {
		case rollout.Context:
			begun = true
		case rollout.Item:
			t.history = append(t.history, l.Payload)
		case rollout.Compacted:
			var c compacted
			if err := json.Unmarshal(l.Payload, &c); err != nil {
				return nil, err
			}
			t.history = c.History
		case rollout.Event:
			var e Event
			if json.Unmarshal(l.Payload, &e) == nil && e.Item != nil {
				shown = append(shown, e)
			}
		}
	}
	t.items = len(shown)
	t.prompted.Store(true) // the rollout stays
	t.history = withoutLoneReasoning(t.history)
	if err := t.mendRollout(len(lines) > 0, begun); err != nil {
		return nil, err
	}
	t.tell(Event{Type: ThreadStarted, ThreadID: t.ID})
	return shown, nil
}

// mendRollout writes what a killed lockstile had no time to write: the head, the rest of
// the opening, and the outputs of calls.
func (t *Thread) mendRollout(headed, begun bool) error {
	if !headed {
		if err := t.writeHead(); err != nil {
			return err
		}
	}
	if have := len(t.history); !begun && have < len(t.opening) {
		if err := t.add(t.opening[have:]...); err != nil {
			return err
		}
	}
	for _, c := range unanswered(t.history) {
		if err := t.add(c.result(lost)); err != nil {
			return err
		}
	}
	return nil
}

// withoutLoneReasoning leaves out reasoning without the model's item that it led to: a
// server takes reasoning only with the item. A killed lockstile wrote the reasoning alone.
func withoutLoneReasoning(history []json.RawMessage) []json.RawMessage {
	var out []json.RawMessage
	led := false // the item behind is the model's
	for _, raw := range slices.Backward(history) {
		var i struct{ Type, Role string }
		if json.Unmarshal(raw, &i) == nil && i.Type == "reasoning" && !led {
			continue
		}
		led = i.Type == "reasoning" || i.Role == "assistant" || strings.HasSuffix(i.Type, "_call")
		out = append(out, raw)
	}
	slices.Reverse(out)
	return out
}
