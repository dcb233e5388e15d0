package model

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Error says why there is no answer. Message and Code may have been chosen by the server:
// they are bounded, and may hold what a terminal would act on.
type Error struct {
	Provider string // who was asked
	Status   int    // of HTTP; 0 if none came, or if the stream began
	Code     string // the server's, like "insufficient_quota"; empty without one
	Message  string // what the provider did, with its own words
	Hint     string // the mend; empty if the user can mend nothing
	Tries    int    // how many times the provider was asked
	Err      error  // the underlying error, or nil

	again    bool          // another try may mend it
	inStream bool          // the answer had begun
	after    time.Duration // how long the server wants the client to wait
}

// Error returns everything but the hint on one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Provider)
	if e.Status != 0 {
		b.WriteString(" answered " + strconv.Itoa(e.Status))
		if e.Code != "" {
			b.WriteString(" (" + e.Code + ")")
		}
		b.WriteString(":")
	}
	b.WriteString(" " + e.Message)
	if e.Err != nil {
		b.WriteString(": " + bounded(e.Err.Error()))
	}
	if e.Tries > 1 {
		fmt.Fprintf(&b, " (tried %d times)", e.Tries)
	}
	return b.String()
}

// Unwrap returns the underlying error for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// broken is the error of a stream that is no good. The answer may be asked for again.
func broken(what string, err error) *Error {
	return &Error{Message: what, Err: err, again: true, inStream: true}
}

// serverWords finds code and message in an error as servers write it: {"error": {"message",
// "code", "type"}}, or these members at the top, or any other text.
func serverWords(text []byte) (code, words string) {
	type said struct {
		Message string          `json:"message"`
		Code    json.RawMessage `json:"code"`
		Type    string          `json:"type"`
	}
	var top struct {
		said
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(text, &top) != nil {
		return "", bounded(strings.ToValidUTF8(string(text), "\ufffd"))
	}
	s := top.said
	if len(top.Error) > 0 && string(top.Error) != "null" {
		s = said{}
		if json.Unmarshal(top.Error, &s) != nil {
			_ = json.Unmarshal(top.Error, &s.Message) // ollama: {"error": "text"}
		}
	}
	if json.Unmarshal(s.Code, &code) != nil || code == "" {
		if code = s.Type; code == failure {
			code = ""
		}
	}
	if s.Message == "" && string(text) != "null" {
		s.Message = string(text)
	}
	return bounded(code), bounded(s.Message)
}

// bounded shortens a server's words.
func bounded(s string) string {
	s = strings.TrimSpace(s)
	if len(s) <= mostWords {
		return s
	}
	return strings.ToValidUTF8(s[:mostWords], "") + "…"
}
