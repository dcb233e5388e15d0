// Package gitconf reads git's configuration as git does (git-config(1)), and says what the
// configuration makes git obey, start, write or enter. Package gitconf must never start git
// or another program, wait for a file, clean a path, or take a configuration for empty that
// it can't read.
package gitconf

import (
	"bytes"
	"fmt"
)

// mostBytes is the most bytes of a configuration that Parse reads.
const mostBytes = 1 << 20

const tooLarge = "the configuration has more than 1 MiB"

// Entry is a key of a configuration with its value.
type Entry struct {
	Key   string // section and name in lower case, the subsection as written
	Value string
	Old   string // the value for git before 2.45, which reads white space within as blanks; "" if the same
	Bare  bool   // the key stands without "=", which means true
	Line  int    // where the entry ends in its file; 0 in the environment
}

// readings returns the value as each version of git reads the value.
func (e Entry) readings() []string {
	if e.Old == "" {
		return []string{e.Value}
	}
	return []string{e.Value, e.Old}
}

// Error says why a configuration, or a part of a configuration, is not read.
type Error struct {
	File   string // as named; "" if unknown
	Line   int    // 0 for the whole file
	Reason string
	Err    error // the error of the system, if any
}

func (e *Error) Error() string {
	text := e.Reason
	if e.Line > 0 {
		text = fmt.Sprintf("line %d: %s", e.Line, text)
	}
	if e.File != "" {
		text = e.File + ": " + text
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Parse returns the entries of a configuration. An error names the line at which git stops
// too; git has obeyed the entries before the line by then, so Parse returns these entries
// along with the error. A configuration with a NUL, or of more than 1 MiB, is an error for
// Parse alone: git ends keys and values at a NUL.
func Parse(b []byte) ([]Entry, error) {
	if len(b) > mostBytes {
		return nil, &Error{Reason: tooLarge}
	}
	if at := bytes.IndexByte(b, 0); at >= 0 {
		return nil, &Error{Line: 1 + bytes.Count(b[:at], []byte("\n")), Reason: "the configuration has a NUL"}
	}
	p := &parser{text: b, line: 1}
	if !p.parse() {
		return p.entries, &Error{Line: p.line, Reason: "git can't read the line"}
	}
	return p.entries, nil
}

// parser reads a configuration character by character, like config.c of git.
type parser struct {
	text    []byte
	at      int
	ended   bool // the end of the text was read
	line    int
	name    []byte // the name of the section with a dot, or the key
	section int    // the length of the name of the section
	value   []byte
	old     []byte // the value with a blank for each white space within
	entries []Entry
}

// next returns the next character. Both the end of the text and CR LF are an LF.
func (p *parser) next() byte {
	if p.at == len(p.text) {
		p.ended = true
		p.line++
		return '\n'
	}
	c := p.text[p.at]
	p.at++
	if c == '\r' && p.at < len(p.text) && p.text[p.at] == '\n' {
		c = '\n'
		p.at++
	}
	if c == '\n' {
		p.line++
	}
	return c
}

// parse reads the whole text, or up to a line that git can't read.
func (p *parser) parse() bool {
	if !p.skipMark() {
		return false
	}
	for comment := false; ; {
		c := p.next()
		switch {
		case c == '\n':
			if p.ended {
				return true
			}
			comment = false
		case comment || isSpace(c):
		case c == '#' || c == ';':
			comment = true
		case c == '[':
			if !p.readSection() {
				return false
			}
		case !isLetter(c) || !p.readEntry(c):
			return false
		}
	}
}

// skipMark skips a byte order mark, which must be whole.
func (p *parser) skipMark() bool {
	const mark = "\xef\xbb\xbf"
	for i := range len(mark) {
		if i == 0 && (len(p.text) == 0 || p.text[0] != mark[0]) {
			return true
		}
		if p.next() != mark[i] {
			return false
		}
	}
	return true
}

// readSection reads a header after its "[".
func (p *parser) readSection() bool {
	p.name = p.name[:0]
	for {
		c := p.next()
		switch {
		case p.ended:
			return false
		case c == ']' || isSpace(c):
			if c != ']' && !p.readSubsection(c) || len(p.name) == 0 {
				return false
			}
			p.name = append(p.name, '.')
			p.section = len(p.name)
			return true
		case !isName(c) && c != '.':
			return false
		}
		p.name = append(p.name, lower(c))
	}
}

// readSubsection reads the rest of a header after the section and white space, of which c
// is the first.
func (p *parser) readSubsection(c byte) bool {
	for isSpace(c) {
		if c == '\n' {
			p.line--
			return false
		}
		c = p.next()
	}
	if c != '"' {
		return false
	}
	p.name = append(p.name, '.')
	for {
		c := p.next()
		if c == '"' {
			return p.next() == ']'
		}
		if c == '\\' {
			c = p.next()
		}
		if c == '\n' {
			p.line--
			return false
		}
		p.name = append(p.name, c)
	}
}

// readEntry reads a key, whose first character is c, and the value.
func (p *parser) readEntry(c byte) bool {
	p.name = append(p.name[:p.section], lower(c))
	for c = p.next(); !p.ended && isName(c); c = p.next() {
		p.name = append(p.name, lower(c))
	}
	for c == ' ' || c == '\t' {
		c = p.next()
	}
	e := Entry{Key: string(p.name)}
	switch c {
	case '\n':
		e.Bare = true
	case '=':
		if !p.readValue(&e) {
			return false
		}
	default:
		return false
	}
	e.Line = p.line - 1
	p.entries = append(p.entries, e)
	return true
}

// readValue reads a value after its "=", in both readings of white space within.
func (p *parser) readValue(e *Entry) bool {
	value, old := p.value[:0], p.old[:0]
	quoted, comment := false, false
	kept := 0 // the length without the white space at the end
	for {
		c := p.next()
		if c == '\n' {
			break
		}
		switch {
		case comment:
			continue
		case isSpace(c) && !quoted:
			if len(value) > 0 {
				value, old = append(value, c), append(old, ' ')
			}
			continue
		case (c == '#' || c == ';') && !quoted:
			comment = true
			continue
		case c == '"':
			quoted = !quoted
		case c == '\\':
			var ok bool
			if c, ok = unescaped(p.next()); !ok {
				return false
			}
			if c != 0 {
				value, old = append(value, c), append(old, c)
			}
		default:
			value, old = append(value, c), append(old, c)
		}
		kept = len(value)
	}
	if quoted {
		p.line--
		return false
	}
	p.value, p.old = value, old
	e.Value = string(value[:kept])
	if !bytes.Equal(old[:kept], value[:kept]) {
		e.Old = string(old[:kept])
	}
	return true
}

// unescaped returns what a character means after a backslash: 0 for the end of a line.
func unescaped(c byte) (meant byte, ok bool) {
	switch c {
	case '\n':
		return 0, true
	case 't':
		return '\t', true
	case 'b':
		return '\b', true
	case 'n':
		return '\n', true
	case '\\', '"':
		return c, true
	}
	return 0, false
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isName(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '-' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
