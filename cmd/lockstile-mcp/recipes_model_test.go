//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// recipeModel is a stand-in for two APIs of models: Chat Completions, and Gemini's
// generateContent. The model calls exec_command once, looks for the tool first if the client
// asks for that, and then says "done".
type recipeModel struct{ log *os.File }

// recipeCommand shows a result, writes in the workspace, and tries to get out.
const recipeCommand = "echo from-$((40+2)); touch in; touch ../out"

// seen is a line of the model's log: what a client has sent.
type seen struct {
	Tools   []string
	Answers []string
}

func serveRecipeModel(address, log string) error {
	f, err := os.Create(log)
	if err != nil {
		return err
	}
	return http.ListenAndServe(address, recipeModel{f})
}

func (m recipeModel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		http.NotFound(w, r)
		return
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		m.complete(w, body)
	case strings.Contains(r.URL.Path, "enerateContent"):
		m.generate(w, body, strings.Contains(r.URL.Path, "stream"))
	default:
		http.NotFound(w, r)
	}
}

func (m recipeModel) note(s seen) {
	line, _ := json.Marshal(s)
	fmt.Fprintf(m.log, "%s\n", line)
}

// next returns the call after some answers; name is "" for none.
func next(tools []string, answers int) (name string, args map[string]any) {
	search := 0
	for _, t := range tools {
		if t == "tool_search" {
			search = 1
		}
	}
	for _, t := range tools {
		if strings.HasSuffix(t, "exec_command") && answers <= search {
			return t, map[string]any{"cmd": recipeCommand}
		}
	}
	if search == 1 && answers == 0 {
		return "tool_search", map[string]any{"query": "select:mcp__lockstile__exec_command"}
	}
	return "", nil
}

// list returns the maps of a list in a map.
func list(from map[string]any, key string) (out []map[string]any) {
	all, _ := from[key].([]any)
	for _, x := range all {
		if one, ok := x.(map[string]any); ok {
			out = append(out, one)
		}
	}
	return out
}

// complete answers like the Chat Completions API.
func (m recipeModel) complete(w http.ResponseWriter, body map[string]any) {
	var s seen
	for _, t := range list(body, "tools") {
		function, _ := t["function"].(map[string]any)
		s.Tools = append(s.Tools, fmt.Sprint(function["name"]))
	}
	for _, message := range list(body, "messages") {
		if message["role"] == "tool" {
			s.Answers = append(s.Answers, fmt.Sprint(message["content"]))
		}
	}
	m.note(s)
	delta, reason := map[string]any{"role": "assistant", "content": "done"}, "stop"
	if name, args := next(s.Tools, len(s.Answers)); name != "" {
		text, _ := json.Marshal(args)
		call := map[string]any{"index": 0, "id": fmt.Sprintf("call%d", len(s.Answers)), "type": "function", "function": map[string]any{"name": name, "arguments": string(text)}}
		delta, reason = map[string]any{"role": "assistant", "content": nil, "tool_calls": []any{call}}, "tool_calls"
	}
	chunk := func(object, key string, part map[string]any, reason any) map[string]any {
		return map[string]any{"id": "x", "object": object, "created": 1, "model": "mock", "choices": []any{map[string]any{"index": 0, key: part, "finish_reason": reason}},
			"usage": map[string]any{"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
	}
	if body["stream"] != true {
		answer(w, chunk("chat.completion", "message", delta, reason))
		return
	}
	stream(w, chunk("chat.completion.chunk", "delta", delta, nil), chunk("chat.completion.chunk", "delta", map[string]any{}, reason))
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// generate answers like Gemini's API.
func (m recipeModel) generate(w http.ResponseWriter, body map[string]any, streamed bool) {
	var s seen
	for _, t := range list(body, "tools") {
		for _, f := range list(t, "functionDeclarations") {
			s.Tools = append(s.Tools, fmt.Sprint(f["name"]))
		}
	}
	for _, c := range list(body, "contents") {
		for _, p := range list(c, "parts") {
			if response, ok := p["functionResponse"]; ok {
				s.Answers = append(s.Answers, fmt.Sprint(response))
			}
		}
	}
	m.note(s)
	part := map[string]any{"text": "done"}
	if name, args := next(s.Tools, len(s.Answers)); name != "" {
		part = map[string]any{"functionCall": map[string]any{"name": name, "args": args}}
	}
	candidate := map[string]any{"content": map[string]any{"role": "model", "parts": []any{part}}, "finishReason": "STOP", "index": 0}
	all := map[string]any{"candidates": []any{candidate}, "usageMetadata": map[string]any{"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}
	if streamed {
		stream(w, all)
	} else {
		answer(w, all)
	}
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func stream(w http.ResponseWriter, chunks ...any) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, c := range chunks {
		text, _ := json.Marshal(c)
		fmt.Fprintf(w, "data: %s\n\n", text)
	}
}
