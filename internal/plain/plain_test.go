package plain

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestSprintf(t *testing.T) {
	hostile := "a\x1b]52;c;aGk=\x07\nhint: b\u202e\x9b"
	shown := `a\x1b]52;c;aGk=\x07\nhint: b\u202e\x9b`
	for _, c := range []struct{ got, want string }{
		{Text("a\x1b[31m\u202e\n"), `a\x1b[31m\u202e\n`},
		{Sprintf("x %s\ny\n", hostile), "x " + shown + "\ny\n"},
		{Sprintf("%v %d %5d %-4s|%t", "a", 3, 4, "b", true), "a 3     4 b   |true"},
		{Sprintf("%s", errors.Join(errors.New("a\x1b"), errors.New("b"))), `a\x1b; b`},
		{Sprintf("%q", "a\u00a0\x1b\u034f"), `"a\u00a0\x1b\u034f"`},
		{Sprintf("%s %v %q", []string{"a\x1b"}, map[string]string{"\x1b": "\n"}, []string{"\u034f"}), `[a\x1b] map[\x1b:\n] ["\u034f"]`},
		{Sprintf("%s", []byte("\x1b\xff")), `\x1b\xff`},
		{Sprintf("%v", struct{ Name string }{"\x1b"}), `{\x1b}`},
		{Sprintf("%d%%", 3), "3%"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func FuzzSprintf(f *testing.F) {
	f.Add("a\x1b]52;c;aGk=\x07", 3)
	f.Add("\u202e\xc2\x9b31m\U000e0001", -1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		for _, got := range []string{Text(text), Sprintf("%s%v%q%10s%-3v%x", text, text, text, text, text, n),
			Sprintf("%v", errors.New(text)), Sprintf("%v%+v%q", []any{text, n}, map[string]any{text: text}, []string{text}), Sprintf("%s", []byte(text))} {
			if strings.ContainsFunc(got, hidden) {
				t.Errorf("%q is printed for %q", got, text)
			}
		}
		b, err := json.Marshal(map[string]string{"x": text})
		if err != nil {
			t.Skip()
		}
		var was, is map[string]string
		out := JSON(b)
		if err := errors.Join(json.Unmarshal(b, &was), json.Unmarshal(out, &is)); err != nil || !reflect.DeepEqual(was, is) {
			t.Errorf("%q became %q: %v", b, out, err)
		}
		if strings.ContainsFunc(string(out), hidden) {
			t.Errorf("%q is printed for %q", out, text)
		}
	})
}

// TestFormats checks that Sprintf equals fmt.Sprintf for values without hidden
// characters.
func TestFormats(t *testing.T) {
	for _, v := range []any{"a b", 3, -2.5, true, []string{"a", "b"}, map[string]int{"x": 1}, nil, struct{ A, b int }{1, 2}, 'x', errors.New("e"), []byte("z")} {
		for _, format := range []string{"%v", "%s", "%d", "%q", "%6v|", "%-6v|", "%x", "%t"} {
			if got, want := Sprintf(format, v), fmt.Sprintf(format, v); got != want && !strings.Contains(want, "%!") {
				t.Errorf("%s of %#v: %q, want %q", format, v, got, want)
			}
		}
	}
}
