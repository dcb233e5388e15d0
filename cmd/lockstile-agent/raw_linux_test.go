package main

import (
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/model/standin"
	"github.com/lockstile/lockstile/internal/plain"
)

// TestNothingRaw checks what the session's program prints of a hostile name: no character
// that a terminal acts on, and no name begins a line of its own.
func TestNothingRaw(t *testing.T) {
	const hostile = "e\x1b]52;c;aGk=\x07\u009b31m\u202e\nhint: rm -rf ~"
	w := newWorld(t, func(r standin.Request) standin.Answer {
		if r.Number%2 == 1 {
			return standin.Of(standin.Message("say "+hostile), calls("printf '%s\\n' '"+hostile+"'"))
		}
		return standin.Say("done")
	})
	for _, args := range [][]string{
		{"-C", hostile, "x"}, {"resume", hostile, "x"}, {"--" + hostile, "x"}, {"-c", hostile + "=1", "x"},
		{"--output-schema", hostile, "x"}, {"-o", hostile + "/none", "x"}, {"--json", "-C", hostile, "x"}, {hostile}, {"--json", hostile},
	} {
		r := w.exec(args...)
		if !strings.Contains(r.out+r.err, "]52;c;aGk") {
			t.Errorf("%q: the name isn't shown in %q", args, r.out+r.err)
		}
		for _, text := range []string{r.out, r.err} {
			for line := range strings.Lines(text) {
				if line = strings.TrimSuffix(line, "\n"); plain.Text(line) != line || strings.HasPrefix(line, "hint: rm") {
					t.Errorf("%q: %q is printed", args, line)
				}
			}
		}
	}
}
