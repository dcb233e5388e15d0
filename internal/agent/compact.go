package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/rollout"
)

// compacted is the line of a rollout from which the history begins anew. The names are
// codex's.
type compacted struct {
	Summary string            `json:"message"`
	History []json.RawMessage `json:"replacement_history"`
}

const summarize = "Write a summary of this conversation for yourself, so that you can go on from it: what the user wants, what was done and found (files, commands, results), and what is left. Use at most 800 words. Call no tool."

// mostWords bounds the user's own words that stay after a summary, in bytes: 20,000
// tokens of 4 bytes.
const mostWords = 20_000 * 4

// Compact has the model sum the history up. The opening, the user's newest words and the
// summary take the history's place. If the model gives no summary, the history stays, and
// the error says why.
func (t *Thread) Compact(ctx context.Context) error {
	request := model.Request{Model: t.Model(), Effort: t.Effort, Input: append(t.history[:len(t.history):len(t.history)], message("user", summarize)), CacheKey: t.ID}
	answer, err := t.Client.Ask(ctx, request, func(model.Delta) {})
	if err != nil {
		return fmt.Errorf("the conversation could not be summed up: %w", err)
	}
	var parts []string
	for _, raw := range answer.Items {
		if _, text, ok := messageOf(raw); ok && text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return fmt.Errorf("the conversation could not be summed up: the model gave no summary")
	}
	c := compacted{Summary: strings.Join(parts, "\n")}
	c.History = append(append(c.History, t.opening...), newestWords(t.history)...)
	c.History = append(c.History, message("developer", "The conversation so far, summed up by the model itself:\n"+c.Summary))
	if err := t.write(rollout.Compacted, c); err != nil {
		return err
	}
	t.history = c.History
	before := t.used.Swap(0)
	t.say(Notice, fmt.Sprintf("The conversation was summed up. It had %d thousand tokens.", before/1000))
	return nil
}

// newestWords returns the user's own messages, the newest that fit.
func newestWords(history []json.RawMessage) []json.RawMessage {
	room := mostWords
	first := len(history)
	var words []int
	for i := len(history) - 1; i >= 0; i-- {
		role, text, ok := messageOf(history[i])
		if !ok || role != "user" || isMarked(text) {
			continue
		}
		if room -= len(text); room < 0 && first < len(history) {
			break
		}
		first = i
		words = append(words, i)
	}
	out := make([]json.RawMessage, len(words))
	for n, i := range words {
		out[len(words)-1-n] = history[i]
	}
	return out
}
