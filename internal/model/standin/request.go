package standin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Request is what the server was asked.
type Request struct {
	Number int // from 1
	Header http.Header
	Query  url.Values
	Body   []byte // the whole JSON

	Model    string
	Input    []map[string]any
	Tools    []map[string]any
	CacheKey string
	Effort   string
}

// read reads a request, and lists what is wrong with it.
func read(r *http.Request, body []byte) (got Request, problems []string) {
	got = Request{Header: r.Header.Clone(), Query: r.URL.Query()}
	got.Body = body
	var has struct {
		Model     string           `json:"model"`
		Stream    bool             `json:"stream"`
		Store     *bool            `json:"store"`
		Input     []map[string]any `json:"input"`
		Tools     []map[string]any `json:"tools"`
		CacheKey  string           `json:"prompt_cache_key"`
		Reasoning struct {
			Effort string `json:"effort"`
		} `json:"reasoning"`
	}
	if err := json.Unmarshal(body, &has); err != nil {
		return got, []string{"the body is no request: " + err.Error()}
	}
	got.Model, got.Input, got.Tools, got.CacheKey, got.Effort = has.Model, has.Input, has.Tools, has.CacheKey, has.Reasoning.Effort
	want := func(good bool, problem string) {
		if !good {
			problems = append(problems, problem)
		}
	}
	want(has.Model != "", "no model")
	want(has.Stream, "no stream is wanted")
	want(has.Store != nil && !*has.Store, "store is not false")
	want(has.Input != nil, "no input")
	want(strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"), "the body is not said to be JSON")
	return got, append(problems, checkHistory(has.Input)...)
}

// checkHistory says how a conversation breaks the rules: each call has a single output, of
// its own kind, behind it, and reasoning comes with the model's item that it led to.
func checkHistory(input []map[string]any) (problems []string) {
	calls := map[string]string{} // by id: the type of the output that is missing, "" if none is
	for i, item := range input {
		kind, _ := item["type"].(string)
		id, _ := item["call_id"].(string)
		bad := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("item %d (%s): ", i, kind)+fmt.Sprintf(format, args...))
		}
		switch kind {
		case "":
			bad("no type")
		case "reasoning":
			if i+1 == len(input) || !ofModel(input[i+1]) {
				bad("no item of the model follows")
			}
		case "function_call", "custom_tool_call":
			if _, twice := calls[id]; id == "" || twice {
				bad("the call id %q is none, or was used before", id)
			}
			calls[id] = kind + "_output"
		case "function_call_output", "custom_tool_call_output":
			switch wanted, known := calls[id]; {
			case !known:
				bad("no call before it has the id %q", id)
			case wanted == "":
				bad("the call %q has an output already", id)
			case wanted != kind:
				bad("the call %q wants a %s", id, wanted)
			}
			calls[id] = ""
			if _, ok := item["output"]; !ok {
				bad("no output in it")
			}
		}
	}
	for i, item := range input { // in the order of the calls
		if id, _ := item["call_id"].(string); calls[id] != "" {
			problems = append(problems, fmt.Sprintf("item %d: the call %q has no output", i, id))
			calls[id] = ""
		}
	}
	return problems
}

// ofModel reports whether an item is of the model's making.
func ofModel(item map[string]any) bool {
	kind, _ := item["type"].(string)
	return kind == "reasoning" || strings.HasSuffix(kind, "_call") || item["role"] == "assistant"
}

// Output returns the output that the request brings for a call: its text, or its parts as
// JSON.
func (r Request) Output(callID string) (text string, ok bool) {
	for _, item := range r.Input {
		kind, _ := item["type"].(string)
		if item["call_id"] != callID || !strings.HasSuffix(kind, "_output") {
			continue
		}
		if text, ok = item["output"].(string); ok {
			return text, true
		}
		parts, err := json.Marshal(item["output"])
		return string(parts), err == nil
	}
	return "", false
}

// Text returns all text of the request's messages with a role, a line each.
func (r Request) Text(role string) string {
	var lines []string
	for _, item := range r.Input {
		if item["role"] != role {
			continue
		}
		parts, _ := item["content"].([]any)
		for _, part := range parts {
			fields, _ := part.(map[string]any)
			if text, ok := fields["text"].(string); ok {
				lines = append(lines, text)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// HasTool reports whether a tool with the name was declared.
func (r Request) HasTool(name string) bool {
	for _, t := range r.Tools {
		if t["name"] == name {
			return true
		}
	}
	return false
}
