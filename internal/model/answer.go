package model

import (
	"bytes"
	"encoding/json"
	"slices"
)

// The events that are read. All other types are passed over: providers add some of their
// own, and none of these changes what an answer is.
const (
	textDelta      = "response.output_text.delta"
	summaryDelta   = "response.reasoning_summary_text.delta"
	reasoningDelta = "response.reasoning_text.delta"
	itemDone       = "response.output_item.done"
	completed      = "response.completed"
	failed         = "response.failed"
	incomplete     = "response.incomplete"
	failure        = "error"
)

// passing lists the codes of a failure that another try may mend.
var passing = []string{"server_error", "server_is_overloaded", "slow_down", "rate_limit_exceeded"}

// event has the members that are read of an event.
type event struct {
	Type     string          `json:"type"`
	Delta    json.RawMessage `json:"delta"`
	Item     json.RawMessage `json:"item"`
	Response struct {
		Usage      *usage          `json:"usage"`
		Error      json.RawMessage `json:"error"`
		Incomplete struct {
			Reason string `json:"reason"`
		} `json:"incomplete_details"`
	} `json:"response"`
}

type usage struct {
	Input   int `json:"input_tokens"`
	Output  int `json:"output_tokens"`
	Details struct {
		Cached int `json:"cached_tokens"`
	} `json:"input_tokens_details"`
}

// collector puts an answer together from its events.
type collector struct {
	answer Answer
	size   int // of the items
	say    func(Delta)
}

// take adds an event. done reports that the server has completed the answer.
func (c *collector) take(data []byte) (done bool, err error) {
	data = bytes.ToValidUTF8(data, []byte("\ufffd")) // the standard decodes a stream so
	if bytes.Equal(data, []byte("[DONE]")) {
		return false, nil // the end in another API's manner
	}
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return false, broken("sent an event that is no JSON", err)
	}
	if !slices.Contains([]string{textDelta, summaryDelta, reasoningDelta, itemDone, completed, failed, incomplete, failure}, kind.Type) {
		return false, nil
	}
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return false, broken("sent an event "+kind.Type+" with members of the wrong type", err)
	}
	switch e.Type {
	case textDelta, summaryDelta, reasoningDelta:
		var text string
		if err := json.Unmarshal(e.Delta, &text); err != nil {
			return false, broken("sent a piece of text that is no text", err)
		}
		c.say(Delta{Text: text, Reasoning: e.Type != textDelta})
	case itemDone:
		return false, c.add(e.Item)
	case completed:
		if u := e.Response.Usage; u != nil {
			c.answer.Usage = Usage{Input: max(u.Input, 0), Cached: max(u.Details.Cached, 0), Output: max(u.Output, 0)}
		}
		return true, nil
	case failed:
		return false, failedWith(e.Response.Error)
	case incomplete:
		reason := e.Response.Incomplete.Reason
		if reason == "" {
			reason = "no reason was given"
		}
		return false, &Error{Code: "incomplete", Message: "left the answer incomplete: " + bounded(reason)}
	case failure:
		return false, failedWith(data)
	}
	return false, nil
}

// add takes an item: an object with a type, brought onto a single line.
func (c *collector) add(item json.RawMessage) error {
	var has struct {
		Type *string `json:"type"`
	}
	if err := json.Unmarshal(item, &has); err != nil || has.Type == nil || item[0] != '{' {
		return broken("sent an item that is none", err)
	}
	c.size += len(item)
	if c.size > mostItems || len(c.answer.Items) == mostCount {
		return &Error{Message: "sent an answer that is too long"}
	}
	var line bytes.Buffer
	if err := json.Compact(&line, item); err != nil {
		return broken("sent an item that is none", err)
	}
	c.answer.Items = append(c.answer.Items, line.Bytes())
	return nil
}

// failedWith is the error that a server tells in its stream.
func failedWith(text json.RawMessage) error {
	code, words := serverWords(text)
	if words == "" {
		words = "no reason was given"
	}
	return &Error{Code: code, Message: "failed: " + words, again: slices.Contains(passing, code), inStream: true}
}
