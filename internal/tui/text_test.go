package tui

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestSafe(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1b[2Jb":             `a\x1b[2Jb`,
		"\u202egnp.exe":         `\u202egnp.exe`,
		"a\u009b31mb":           `a\x9b31mb`,
		"a\xffb":                `a\xffb`,
		"a\ufffdb":              "a\ufffdb",
		"zero\u200bw":           `zero\u200bw`,
		"a\u200db":              `a\u200db`,
		"👩\u200d💻 ☑\ufe0f 👍🏽":   "👩💻 ☑ 👍",
		"1\ufe0f\u20e3":         "1\u20e3",
		"日本語 é e\u0301":         "日本語 é e\u0301",
		"tag\U000e0041":         `tag\U000e0041`,
		"a\tb\nc\r\nd\re":       "a   b\nc\nd\\re",
		"日\tb":                  "日  b",
		"\x1b\tb":               `\x1b    b`,
		"😀🏽\xff\u200d🏽\x1b\x00": `😀\xff\u200d` + `\x1b\x00`,
	} {
		if got := strings.Join(safeLines(text), "\n"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPrinted(t *testing.T) {
	for output, want := range map[string]string{
		"10%\r20%\r100%\nend\r\n":      "100%\nend\n",
		"\x1b[31mred\x1b[0m":           "red",
		"\x1b]0;title\x07a\x1b]8;;x":   "a",
		"a\x1bPq\x1b\\b\x1b(Bc\x1b7d":  "abcd",
		"ab\b\bc":                      "c",
		"\x1b[\x1b[31mx\x1b\x1b[31m":   "x[31m",
		"50%\r":                        "50%",
		"日\bx\b\b\n\bz":                "\nz",
		"no end\x1b[":                  "no end",
		"no end\x1b":                   "no end",
		"a\r\r\nb\x1b]text\x1b[1mbold": "a\nbbold",
		"⠙\x1b[1G\x1b[0Kready":         "ready", // npm
		"⠙\x1b[1G\x1b[0K":              "",
		"ab\x1b[K\x1b[2Kc\n\x1b[GAB\r": "c\nAB",
		"a\n\x1b[1Gb\r\x1b[Kc\x1b[0K":  "a\nc",
	} {
		if got := printed(output); got != want {
			t.Errorf("%q: %q, want %q", output, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	m := &markdown{width: 30}
	lines := append(m.feed("# Title\nSome **strong** and `code`\nin_a_line, *so* it is.\n\n- one\n  two\n- [x] three\n10. ten\n```go\nx := `1`\n\ty\n```\n> quoted\n\n| a | b |\n|---|---|\n| longer | [x](y) |\n---\n\\*plain\\*"), m.end()...)
	want := []string{
		bold + under + "Title" + reset,
		"", "Some " + bold + "strong" + reset + " and " + cyan + "code" + reset, "in_a_line, " + italic + "so" + reset + " it is.",
		"", faint + "•" + reset + " one two", faint + "☑" + reset + " three", faint + "10." + reset + " ten",
		"", cyan + "  x := `1`" + reset, cyan + "      y" + reset,
		"", faint + "▏ " + reset + "quoted",
		"", bold + "a" + reset + "       " + bold + "b" + reset, faint + strings.Repeat("─", 13) + reset, "longer  x " + faint + "(y)" + reset,
		faint + strings.Repeat("─", 30) + reset, "*plain*",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%q\nwant\n%q", lines, want)
	}
}

// acts reports whether a drawn text has anything but text and our own styles.
func acts(s string) bool {
	for len(s) > 0 {
		if s[0] == 0x1b {
			end := strings.IndexByte(s, 'm')
			if end < 3 || s[1] != '[' || strings.Trim(s[2:end], "0123456789") != "" {
				return true
			}
			s = s[end+1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			return true
		}
		s = s[n:]
	}
	return false
}

// FuzzText checks that nothing that acts on a terminal passes, and that Markdown in pieces
// is drawn like the whole.
func FuzzText(f *testing.F) {
	f.Add("a\x1b[31mb\x9b\u202e\u200d\x00\r\n`c` **d** [x](y)\n```\n\x1b]52;c;e\x07\n```\n| a | b |\n|---|---|", 3)
	f.Add("> q\n1. x\n   y\n- [ ] z\n# h\n***\n__a__ *b* \\* ![i](j)\t\xff\r", 1)
	f.Add(strings.Repeat("日本 ", 800)+"\n"+strings.Repeat("|a", 3000), 41)
	f.Fuzz(func(t *testing.T, text string, piece int) {
		piece = max(piece%64, 1)
		for _, line := range safeLines(text) {
			if acts(line) || strings.ContainsRune(line, 0x1b) {
				t.Errorf("safeLines(%q): %q", text, line)
			}
		}
		if out := Safe(printed(text)); acts(out) || strings.ContainsRune(out, 0x1b) {
			t.Errorf("printed(%q): %q", text, out)
		}
		pieces := &markdown{width: 30}
		var lines []string
		for rest := text; rest != ""; rest = rest[min(piece, len(rest)):] {
			lines = append(lines, pieces.feed(rest[:min(piece, len(rest))])...)
			if len(rest)%101 == 0 {
				pieces.open()
			}
		}
		lines = append(lines, pieces.end()...)
		for _, line := range lines {
			if acts(line) {
				t.Errorf("markdown(%q): %q", text, line)
			}
		}
		whole := &markdown{width: 30}
		if again := append(whole.feed(text), whole.end()...); !slices.Equal(lines, again) {
			t.Errorf("%q: in pieces %q, whole %q", text, lines, again)
		}
	})
}

// TestTimeByLength checks that ten times the text takes no hundred times the work.
func TestTimeByLength(t *testing.T) {
	for _, unit := range []string{"word ", "[", "[x](", "**a ", " *a", "`", "_a", "a\r", "ab\b", "\x1b[", "\x1b]", "```\n", "|a|\n", "|a", "- a\n", "日本", "👍🏽", "\t", "> "} {
		work := func(n int) time.Duration {
			text := strings.Repeat(unit, n/len(unit))
			begun := time.Now()
			m := &markdown{width: 78}
			for i := 0; i < len(text); i += 64 {
				m.feed(text[i:min(i+64, len(text))])
				if i%1024 == 0 {
					m.open()
				}
			}
			m.end()
			safeLines(printed(text))
			return time.Since(begun)
		}
		short, long := work(20_000), work(200_000)
		t.Logf("%-8q 20 kB %v, 200 kB %v", unit, short, long)
		if long > 5*time.Second && long > 50*short { // a bound, not a figure: by the square it was 49 s
			t.Errorf("%q: 20 kB take %v, 200 kB %v", unit, short, long)
		}
	}
}

func BenchmarkMarkdown(b *testing.B) {
	text := strings.Repeat("A line of **text** that has `code` in it, and goes on for a while so that it is wrapped somewhere.\n\n", 10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m := &markdown{width: 78}
		m.feed(text)
	}
}
