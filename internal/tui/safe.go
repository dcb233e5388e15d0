package tui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/lockstile/lockstile/internal/plain"
)

// Safe makes a text from a model, a command, a file or a server fit for the screen, on one
// line: no byte of the text acts on a terminal. Controls and marks that are invisible or
// turn the direction of writing appear as text. Safe leaves out the joiners and skin tones
// of emoji, since terminals disagree about the width of joined signs.
func Safe(text string) string { return plain.Text(apart(text)) }

// SafeText is Safe for a text of several lines.
func SafeText(text string) string { return strings.Join(safeLines(text), "\n") }

// safeLines is Safe for a text of several lines, with tabs as blanks.
func safeLines(text string) []string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = safeLine(strings.TrimSuffix(line, "\r"))
	}
	return lines
}

// tabStop is the distance of tab stops on the screen.
const tabStop = 4

func safeLine(line string) string {
	if strings.IndexByte(line, '\t') < 0 {
		return Safe(line)
	}
	var b strings.Builder
	column := 0
	for i, part := range strings.Split(line, "\t") {
		if i > 0 {
			blanks := tabStop - column%tabStop
			b.WriteString(strings.Repeat(" ", blanks))
			column += blanks
		}
		part = Safe(part)
		b.WriteString(part)
		column += ansi.StringWidth(part)
	}
	return b.String()
}

// apart leaves out the marks that make one emoji of several, or another emoji of one.
func apart(text string) string {
	if !strings.ContainsFunc(text, joiner) {
		return text
	}
	var b strings.Builder
	before := rune(0) // the character before r
	for i, r := range text {
		if joiner(r) && (joins(before) || strings.HasPrefix(text[i:], "\ufe0f\u20e3")) {
			before = r
			continue
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		b.WriteString(text[i : i+n])
		before = r
		if r == utf8.RuneError && n == 1 { // a byte that is no character joins nothing
			before = 0
		}
	}
	return b.String()
}

const zeroWidthJoiner = '\u200d'

func joiner(r rune) bool {
	return r == zeroWidthJoiner || r == '\ufe0e' || r == '\ufe0f' || r >= 0x1f3fb && r <= 0x1f3ff
}

// joins reports whether a joiner behind r makes an emoji.
func joins(r rune) bool { return unicode.In(r, unicode.So, unicode.Sk, unicode.Sm) || joiner(r) }

// printed returns what a reader would see of a command's output: without escape sequences
// and bells, and of a line that was written over or erased the last form.
func printed(output string) string {
	b := make([]byte, 0, len(output))
	begin := 0     // of the present line in b
	again := false // the cursor is back at the begin of the line
	for i := 0; i < len(output); i++ {
		switch c := output[i]; c {
		case 0x1b:
			n := escapeLen(output[i:])
			switch sequence := output[i : i+n]; {
			case sequence == "\x1b[G" || sequence == "\x1b[1G":
				again = true
			case sequence == "\x1b[2K", again && (sequence == "\x1b[K" || sequence == "\x1b[0K"):
				b = b[:begin]
			}
			i += n - 1
		case '\r':
			again = true
		case '\b':
			_, n := utf8.DecodeLastRune(b[begin:])
			b = b[:len(b)-n]
		case '\a':
		case '\n':
			b = append(b, c)
			begin, again = len(b), false
		default:
			if again {
				b, again = b[:begin], false
			}
			b = append(b, c)
		}
	}
	return string(b)
}

// escapeLen returns the length of the sequence with which s begins. The sequence may be
// unfinished, and ends at the first byte that can't belong to the sequence.
func escapeLen(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch kind := s[1]; {
	case kind == '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x3f {
				return i
			}
		}
		return len(s)
	case strings.IndexByte("]P_^X", kind) >= 0:
		return stringLen(s)
	case kind >= 0x20 && kind <= 0x2f:
		return min(3, len(s))
	}
	return 2
}

// stringLen returns the length of a sequence with a string, up to the string's end.
func stringLen(s string) int {
	for i := 2; i < len(s); i++ {
		switch {
		case s[i] == '\a':
			return i + 1
		case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
			return i + 2
		case s[i] == 0x1b:
			return i
		}
	}
	return len(s)
}
