package standin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Answer is what the server does with a request. The zero value is a stream without an item.
type Answer struct {
	Items []Item
	Usage Usage

	Piece      int           // letters in a piece of text; 0: 12
	Pause      time.Duration // between the pieces
	Silence    time.Duration // before response.completed
	Incomplete string        // ends with response.incomplete and the reason
	Failed     *Failure      // ends with response.failed
	Trouble    *Failure      // ends with an event of type error
	NoEnd      bool          // ends properly without response.completed
	NoIDs      bool          // leaves the ids of items out, not of calls
	LineEnd    string        // "\n" if empty; "\r" and "\r\n" are good as well
	Mark       bool          // begins with a byte order mark
	Extra      string        // goes as it is before the first item: comments, events

	Status int         // not 0: an answer without a stream, with Header and Body
	Header http.Header // of the answer, like Retry-After; also of a stream
	Body   string

	cut int // bytes of the stream after which the connection ends, and 1; 0: not
}

// Usage is what the server says that an answer costs.
type Usage struct{ Input, Cached, Output int }

// Failure is the server's word on an error.
type Failure struct{ Code, Message string }

// Item is a part of an answer.
type Item struct {
	Type      string // message, reasoning, function_call or custom_tool_call
	Name      string // of the tool
	Text      string // the message, the reasoning, the arguments or the input
	Namespace string // of the tool
	CallID    string // empty: one of the server's own
}

// Message is an item with text for the user.
func Message(text string) Item { return Item{Type: "message", Text: text} }

// Reasoning is an item with a summary of thoughts.
func Reasoning(text string) Item { return Item{Type: "reasoning", Text: text} }

// Call is an item that calls a function. Arguments are sent as JSON; a string is sent as
// it is, so that it can be bad JSON.
func Call(name string, arguments any) Item {
	text, ok := arguments.(string)
	if !ok {
		data, err := json.Marshal(arguments)
		if err != nil {
			panic(err) // a mistake in the test
		}
		text = string(data)
	}
	return Item{Type: "function_call", Name: name, Text: text}
}

// Custom is an item that calls a tool with free text.
func Custom(name, input string) Item { return Item{Type: "custom_tool_call", Name: name, Text: input} }

// Say is an answer with a message alone.
func Say(text string) Answer { return Of(Message(text)) }

// Of is an answer of several items.
func Of(items ...Item) Answer { return Answer{Items: items} }

// Refuse is an answer with an error in place of a stream.
func Refuse(status int, code, message string) Answer {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": message, "type": "scripted"}})
	if err != nil {
		panic(err) // strings are always JSON
	}
	return Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: string(body)}
}

// RetryAfter adds the header to an answer.
func (a Answer) RetryAfter(value string) Answer {
	a.Header = a.Header.Clone()
	if a.Header == nil {
		a.Header = http.Header{}
	}
	a.Header.Set("Retry-After", value)
	return a
}

// CutAt ends the connection after so many bytes of the stream. Stream tells its length.
func (a Answer) CutAt(bytes int) Answer {
	a.cut = bytes + 1
	return a
}

// Stream returns the whole stream as the server would send it first of all.
func (a Answer) Stream() string {
	var b strings.Builder
	if a.Mark {
		b.WriteString("\ufeff")
	}
	for _, e := range a.events(1, 1) {
		b.WriteString(e.text(a.LineEnd))
	}
	return b.String()
}

// event is an event of the stream, or text in its place.
type event struct {
	data  map[string]any
	raw   string
	pause time.Duration // before the event
}

func (e event) text(end string) string {
	if e.data == nil {
		return e.raw
	}
	if end == "" {
		end = "\n"
	}
	data, err := json.Marshal(e.data)
	if err != nil {
		panic(err) // the events are made of strings, numbers, lists and maps
	}
	return fmt.Sprintf("event: %s%sdata: %s%s%s", e.data["type"], end, data, end, end)
}

// events lists the events of the answer with this number; its first item has the number
// first in the ids.
func (a Answer) events(number, first int) []event {
	id := fmt.Sprintf("resp_%d", number)
	list := []event{{data: map[string]any{"type": "response.created", "response": map[string]any{"id": id}}}}
	if a.Extra != "" {
		list = append(list, event{raw: a.Extra})
	}
	for i, item := range a.Items {
		list = append(list, a.itemEvents(item, i, first+i)...)
	}
	if last := a.last(id); last != nil {
		list = append(list, event{data: last, pause: a.Silence})
	}
	return list
}

// last is the event that ends the answer, or nil.
func (a Answer) last(id string) map[string]any {
	said := func(f *Failure) map[string]any { return map[string]any{"code": f.Code, "message": f.Message} }
	switch {
	case a.Failed != nil:
		return map[string]any{"type": "response.failed", "response": map[string]any{"id": id, "error": said(a.Failed)}}
	case a.Trouble != nil:
		return map[string]any{"type": "error", "code": a.Trouble.Code, "message": a.Trouble.Message}
	case a.Incomplete != "":
		return map[string]any{"type": "response.incomplete", "response": map[string]any{"id": id, "incomplete_details": map[string]any{"reason": a.Incomplete}}}
	case a.NoEnd:
		return nil
	}
	return map[string]any{"type": "response.completed", "response": map[string]any{"id": id, "usage": map[string]any{
		"input_tokens": a.Usage.Input, "input_tokens_details": map[string]any{"cached_tokens": a.Usage.Cached},
		"output_tokens": a.Usage.Output, "output_tokens_details": nil, "total_tokens": a.Usage.Input + a.Usage.Output}}}
}

// itemEvents lists the pieces of an item, and the item whole.
func (a Answer) itemEvents(item Item, at, number int) []event {
	whole := item.wire(number, a.NoIDs)
	kind := map[string]string{"message": "response.output_text.delta", "reasoning": "response.reasoning_summary_text.delta",
		"function_call": "response.function_call_arguments.delta", "custom_tool_call": "response.custom_tool_call_input.delta"}[item.Type]
	list := []event{{data: map[string]any{"type": "response.output_item.added", "output_index": at, "item": map[string]any{"type": item.Type}}}}
	size := a.Piece
	if size <= 0 {
		size = 12
	}
	if item.Type != "message" && item.Type != "reasoning" {
		size = max(size, 64<<10) // arguments of a megabyte in a few events
	}
	for letters := []rune(item.Text); len(letters) > 0; {
		n := min(size, len(letters))
		list = append(list, event{data: map[string]any{"type": kind, "output_index": at, "delta": string(letters[:n])}, pause: a.Pause})
		letters = letters[n:]
	}
	return append(list, event{data: map[string]any{"type": "response.output_item.done", "output_index": at, "item": whole}})
}

// wire is the item as the API has it.
func (i Item) wire(number int, noID bool) map[string]any {
	v := map[string]any{"type": i.Type}
	callID := i.CallID
	if callID == "" {
		callID = fmt.Sprintf("call_%d", number)
	}
	prefix := ""
	switch i.Type {
	case "message":
		prefix, v["role"], v["content"] = "msg", "assistant", []any{map[string]any{"type": "output_text", "text": i.Text}}
	case "reasoning":
		prefix, v["summary"], v["encrypted_content"] = "rs", []any{map[string]any{"type": "summary_text", "text": i.Text}}, "sealed"
	case "function_call":
		prefix, v["name"], v["call_id"], v["arguments"] = "fc", i.Name, callID, i.Text
	case "custom_tool_call":
		prefix, v["name"], v["call_id"], v["input"] = "ctc", i.Name, callID, i.Text
	}
	if i.Namespace != "" {
		v["namespace"] = i.Namespace
	}
	if !noID {
		v["id"] = fmt.Sprintf("%s_%d", prefix, number)
	}
	return v
}
