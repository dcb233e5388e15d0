package gitconf

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[core]\nhooksPath = a b\n", "core.hookspath=a b"},
		{"[Core]HooksPath=x", "core.hookspath=x"},
		{"k = v\n[a]\nk\n", "k=v|a.k"},
		{"[a.B]\nk=1\n[a \"B\"]\nk=2\n[a.B \"C\"]\nk=3", "a.b.k=1|a.B.k=2|a.b.C.k=3"},
		{"[a \"x\\\"y\\z.w\"]\nk=1", "a.x\"yz.w.k=1"},
		{"[a\t \"\"]k=1", "a..k=1"},
		{"[-1] k=1\n[.]l=2", "-1.k=1|..l=2"},
		{"\xef\xbb\xbf[a]k=1", "a.k=1"},
		{"[a]k = x # c\nl = \"x # c\" ; d\n", "a.k=x|a.l=x # c"},
		{"[a]k = \" x\" y\"z \" \n", "a.k= x yz "},
		{"[a]k = x\\\n  y\\\r\nz\n", "a.k=x  yz"},
		{"[a]k = x \\\n", "a.k=x "},
		{"[a]k = \\t\\n\\b\\\\\\\"\n", "a.k=\t\n\b\\\""},
		{"[a]\r\nk = x\r\nl\r\n", "a.k=x|a.l"},
		{"[a]\rk = \rx\ry\r\n", "a.k=x\ry(x y)"},
		{"[a]k = x\ty  z\n", "a.k=x\ty  z(x y  z)"},
		{"[a]k = \"x\ty\"\n", "a.k=x\ty"},
		{"[a]k = \vx\f\n", "a.k=\vx\f"},
		{"[a]k =\u00a0x\n", "a.k=\u00a0x"},
		{"[a]k =\n[a] l = \"\"\n# c\n; d", "a.k=|a.l="},
		{"[a]k-1 =", "a.k-1="},
	} {
		entries, err := Parse([]byte(c.text))
		if got := shown(entries); err != nil || got != c.want {
			t.Errorf("%q:\n got %q, %v\nwant %q", c.text, got, err, c.want)
		}
	}
}

// shown writes entries as KEY, KEY=VALUE, or KEY=VALUE(OLD).
func shown(entries []Entry) string {
	var out []string
	for _, e := range entries {
		s := e.Key
		if !e.Bare {
			s += "=" + e.Value
		}
		if e.Old != "" {
			s += "(" + e.Old + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, "|")
}

func TestParseStops(t *testing.T) {
	for _, c := range []struct{ text, before, want string }{
		{"[a]\nk = 1\n[]\nl = 2\n", "a.k=1", "line 3: git can't read the line"},
		{"[a]\nk = 1\n\nb c\n", "a.k=1", "line 4: git can't read the line"},
		{"[a]\nk = \"1\n", "", "line 2: git can't read the line"},
		{"[a]\nk = \\x\n", "", "line 2: git can't read the line"},
		{"[a \"b\n\"]\n", "", "line 1: git can't read the line"},
		{"[a \"b\" ]\n", "", "line 1: git can't read the line"},
		{"[ a]\n", "", "line 1: git can't read the line"},
		{"[a b]\n", "", "line 1: git can't read the line"},
		{"[a_b]\n", "", "line 1: git can't read the line"},
		{"\xef\xbb[a]\n", "", "line 1: git can't read the line"},
		{"\xef\xbb#k\n", "", "line 1: git can't read the line"},
		{"[a \"b\"xk = 1\n", "", "line 1: git can't read the line"},
		{" \xef\xbb\xbf[a]\n", "", "line 1: git can't read the line"},
		{"[a]\n\v\n", "", "line 2: git can't read the line"},
		{"[a]\nk_l = 1\n", "", "line 2: git can't read the line"},
		{"[a]\n1k = 1\n", "", "line 2: git can't read the line"},
		{"[a]\nk\r= 1\n", "", "line 2: git can't read the line"},
		{"[a]\n\nk = \x00\n", "", "line 3: the configuration has a NUL"},
		{strings.Repeat("#", mostBytes+1), "", "the configuration has more than 1 MiB"},
	} {
		entries, err := Parse([]byte(c.text))
		if got := shown(entries); err == nil || err.Error() != c.want || got != c.before {
			t.Errorf("%.40q:\n got %q, %v\nwant %q, %s", c.text, got, err, c.before, c.want)
		}
	}
	if _, err := Parse([]byte(strings.Repeat("#", mostBytes))); err != nil {
		t.Errorf("at the bound: %v", err)
	}
}

func TestLines(t *testing.T) {
	entries, err := Parse([]byte("[a]\n\nk = 1 \\\n 2\nl\r\nm = 3"))
	var got []int
	for _, e := range entries {
		got = append(got, e.Line)
	}
	if want := []int{4, 5, 6}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// FuzzParse checks that entries are no more than their text, and that Parse ends.
func FuzzParse(f *testing.F) {
	f.Add([]byte("\xef\xbb\xbf[core]\n\thooksPath = a\tb # c\n[a \"b\"]k\n"))
	f.Add([]byte("[a]\r\nk = \"x\\\n y\\t\" ; z"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := Parse(text)
		size, line := 0, 0
		for _, e := range entries {
			size += len(e.Value) + 1
			if e.Key == "" || e.Line < line || e.Old != "" && len(e.Old) != len(e.Value) || e.Bare && e.Value != "" || strings.ContainsRune(e.Key+e.Value, 0) {
				t.Errorf("%q has the entry %+v", text, e)
			}
			line = e.Line
		}
		if size > len(text) {
			t.Errorf("%q has %d entries, of %d bytes", text, len(entries), size)
		}
		var said *Error
		if err != nil && (!errors.As(err, &said) || said.Line > 2+strings.Count(string(text), "\n")) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
