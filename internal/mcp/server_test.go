package mcp

import (
	"errors"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/refusal"
)

// TestRefusalsArePlain checks that a refusal is safe for a terminal, since a client may
// show it on a terminal.
func TestRefusalsArePlain(t *testing.T) {
	const hostile = "a\x1b]52;c;aGk=\x07\nhint: b"
	for _, err := range []error{errors.New(hostile), &refusal.Error{Reason: hostile, Hint: hostile, Err: errors.New(hostile)}} {
		result, _, _ := say(nil, err)
		text := result.Content[0].(*mcp.TextContent).Text
		lines := strings.Split(text, "\n")
		for _, line := range lines {
			if plain.Text(line) != line || strings.HasPrefix(line, "hint: b") {
				t.Errorf("%q is answered", line)
			}
		}
		if len(lines) > 2 || !result.IsError {
			t.Errorf("%q", text)
		}
	}
}
