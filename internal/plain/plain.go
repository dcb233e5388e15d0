// Package plain is the one printer of what people read: names, reasons and command lines
// come from whoever wrote a project, and a terminal acts on what it is sent. It must
// never let through a character that a terminal acts on or does not show, but for the
// line breaks of its caller's own format.
package plain

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text makes text safe to show on a terminal, on one line: control
// characters and escapes, bytes that are not UTF-8, and marks that are not seen
// or turn the direction of writing appear as text (\x1b, \n, \u202e). What is
// shown is for reading only: it cannot be turned back, since a backslash stays
// as it is.
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

// hidden reports whether r may not reach a terminal as it is. unicode.IsPrint
// leaves out controls, format marks (the bidirectional ones among them) and
// every space but the plain one.
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

// JSON writes what Text would show as text (DEL, C1 controls, bidirectional and zero-width
// marks among it) as JSON escapes: encoding/json leaves these as they are; in valid JSON
// they occur only within strings. Line breaks stay.
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

// appendJSONEscape adds r as JSON writes a character by number.
func appendJSONEscape(buf []byte, r rune) []byte {
	if hi, lo := utf16.EncodeRune(r); hi != unicode.ReplacementChar {
		return fmt.Appendf(buf, `\u%04x\u%04x`, hi, lo)
	}
	return fmt.Appendf(buf, `\u%04x`, r)
}
