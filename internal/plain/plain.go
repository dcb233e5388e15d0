// Package plain is the only printer for people. Names, reasons and command lines may come
// from the author of a hostile project, and a terminal acts on control characters.
// Package plain must never let through a character that a terminal acts on or does not
// show, except the line breaks of the caller's own format.
package plain

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text makes text safe for a terminal, on a single line: control characters and escapes,
// bytes that are not UTF-8, and marks that are invisible or turn the direction of writing
// appear as text (\x1b, \n, \u202e). The result is for reading only: Text can't be
// reversed, since a backslash stays unchanged.
func Text(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r):
			b.WriteString(visible(r))
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// hidden reports whether r may not reach a terminal unchanged. unicode.IsPrint is false
// for controls, format marks (with the bidirectional marks) and every space except the
// plain space.
func hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

func visible(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// JSON escapes the characters that Text would show as text (with DEL, C1 controls,
// bidirectional and zero-width marks), because encoding/json leaves them unescaped. In
// valid JSON the characters occur only within strings. Line breaks stay.
func JSON(text []byte) []byte {
	if utf8.Valid(text) && !bytes.ContainsFunc(text, hiddenInJSON) {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if hiddenInJSON(r) || r == utf8.RuneError {
			out = appendJSONEscape(out, r)
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}

func hiddenInJSON(r rune) bool { return r != '\n' && hidden(r) }

// appendJSONEscape appends r as a JSON escape by number.
func appendJSONEscape(buf []byte, r rune) []byte {
	if hi, lo := utf16.EncodeRune(r); hi != unicode.ReplacementChar {
		return fmt.Appendf(buf, `\u%04x\u%04x`, hi, lo)
	}
	return fmt.Appendf(buf, `\u%04x`, r)
}

// Unfinished returns the length in bytes of the beginning of a character at the end of a
// text. Unfinished returns 0 if the text ends with a whole character.
func Unfinished[Text []byte | string](t Text) int {
	for n := 1; n < utf8.UTFMax && n <= len(t); n++ {
		if utf8.RuneStart(t[len(t)-n]) {
			if utf8.FullRuneInString(string(t[len(t)-n:])) {
				return 0
			}
			return n
		}
	}
	return 0
}

// ShellQuote returns a text as a single word for a POSIX shell.
func ShellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// ShellWord is ShellQuote, but leaves a text alone that no shell reads otherwise.
func ShellWord(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-") == "" {
		return text
	}
	return ShellQuote(text)
}
