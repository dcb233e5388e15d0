package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// mostAfter is how long a server may let the client wait before the next try.
const mostAfter = time.Minute

// Ask sends a request, and returns the answer once the server has completed it. say hears
// the text as it comes, in the goroutine of the caller; nil: nobody hears. A stream that
// breaks off is asked for anew as a whole. The error is a *Error, or the cause of ctx.
func (c *Client) Ask(ctx context.Context, r Request, say func(Delta)) (Answer, error) {
	if say == nil {
		say = func(Delta) {}
	}
	target, err := c.target()
	if err != nil {
		return Answer{}, c.named(err, 0)
	}
	body, err := r.body()
	if err != nil {
		return Answer{}, c.named(&Error{Message: "was not asked: the request is no JSON", Err: err}, 0)
	}
	pause := c.Pause
	if pause <= 0 {
		pause = 200 * time.Millisecond
	}
	for try := 1; ; try++ {
		said := false
		answer, err := c.once(ctx, target, body, func(d Delta) { said = true; say(d) })
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
		failure := c.named(err, try)
		if !c.triesAgain(failure, try) {
			return Answer{}, failure
		}
		if said {
			say(Delta{Reset: true})
		}
		wait := time.Duration(float64(pause) * (0.9 + 0.2*rand.Float64()))
		if failure.after > 0 {
			wait = min(failure.after, mostAfter)
		}
		pause = min(2*pause, mostAfter)
		if c.Retrying != nil {
			c.Retrying(failure, wait)
		}
		if err := sleep(ctx, wait); err != nil {
			return Answer{}, err
		}
	}
}

// triesAgain reports whether another try may help and is allowed. Both counts are counts
// of all tries, so that they don't add up.
func (c *Client) triesAgain(e *Error, try int) bool {
	most := c.RequestRetries
	if e.inStream {
		most = c.StreamRetries
	}
	return e.again && try <= most
}

// sleep waits, or returns the cause of ctx.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// named puts the provider's name into an error.
func (c *Client) named(err error, try int) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Message: "can't be asked", Err: err}
	}
	if e.Provider = c.Provider; e.Provider == "" {
		e.Provider = "the server " + host(c.URL)
	}
	e.Tries = try
	if e.Status == http.StatusUnauthorized && e.Hint == "" {
		e.Hint = c.keyHint()
	}
	return e
}

// keyHint is the mend of a key that was not taken.
func (c *Client) keyHint() string {
	if c.KeyName != "" {
		return "put a valid key into the variable: export " + c.KeyName + "=KEY"
	}
	return `name the variable with the key in config.toml: env_key = "NAME" below [model_providers.` + c.Provider + "]"
}

// body returns the request in JSON.
func (r Request) body() ([]byte, error) {
	type reasoning struct {
		Effort  string `json:"effort,omitempty"`
		Summary string `json:"summary"`
	}
	all := struct {
		Model     string            `json:"model"`
		Stream    bool              `json:"stream"`
		Store     bool              `json:"store"`
		Input     []json.RawMessage `json:"input"`
		Tools     []json.RawMessage `json:"tools,omitempty"`
		Choice    string            `json:"tool_choice,omitempty"`
		Parallel  bool              `json:"parallel_tool_calls,omitempty"`
		Reasoning reasoning         `json:"reasoning"`
		Include   []string          `json:"include"`
		CacheKey  string            `json:"prompt_cache_key,omitempty"`
		Text      any               `json:"text,omitempty"`
	}{
		Model: r.Model, Stream: true, Input: r.Input, Tools: r.Tools, Reasoning: reasoning{r.Effort, "auto"},
		Include: []string{"reasoning.encrypted_content"}, CacheKey: r.CacheKey,
	}
	if all.Input == nil {
		all.Input = []json.RawMessage{}
	}
	if len(r.Tools) > 0 {
		all.Choice, all.Parallel = "auto", true
	}
	if r.Schema != nil {
		all.Text = map[string]any{"format": map[string]any{"type": "json_schema", "name": "answer", "strict": true, "schema": r.Schema}}
	}
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false) // items go back byte by byte
	err := to.Encode(all)
	return b.Bytes(), err
}
