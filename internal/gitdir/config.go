package gitdir

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// keyTest reports whether a section may have a key with a value. The name of a section is
// like "core", or "branch.*" for a section with a subsection.
type keyTest func(name, key, value string) bool

// section is a run of lines in a configuration: a header, and what follows to the next one.
type section struct {
	text    []byte
	header  string // the first line, when it is a header in the form of git
	name    string // like "core", or "branch.*" with a subsection
	strange string // the first line that git would write otherwise
	keys    []entry
}

type entry struct{ key, value string }

func (r *Rules) checkConfig(a area, content, old []byte) error {
	test := isHarmlessKey
	if a.kind == moduleDir || a.fresh {
		test = r.moduleTest(a)
	}
	return compareConfig(content, old, test)
}

// compareConfig allows content that differs from old in sections of allowed keys alone,
// written in the one form of git. What is left must be equal byte by byte, and so means the
// same with and without the sections.
func compareConfig(content, old []byte, allowed keyTest) error {
	if bytes.IndexByte(content, 0) >= 0 {
		return errors.New("the configuration has a zero byte")
	}
	now, before := strip(content, allowed), strip(old, allowed)
	if bytes.Equal(joined(now), joined(before)) {
		return nil
	}
	had := map[string]bool{}
	for _, s := range before {
		had[string(s.text)] = true
	}
	for _, s := range now {
		if !had[string(s.text)] {
			return s.complain(allowed)
		}
	}
	return errors.New("the configuration lacks lines that it had")
}

// joined returns the lines of all sections. The last line gets the end that git adds before
// the line writes more.
func joined(sections []section) []byte {
	var out []byte
	for _, s := range sections {
		out = append(out, s.text...)
	}
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return out
}

// strip returns the sections that are not harmless. A section after a line that goes on is
// none to git.
func strip(content []byte, allowed keyTest) []section {
	var left []section
	for _, s := range sections(content) {
		goesOn := len(left) > 0 && !ends(left[len(left)-1].text)
		if goesOn || !s.isHarmless(allowed) {
			left = append(left, s)
		}
	}
	return left
}

func (s *section) isHarmless(allowed keyTest) bool {
	if s.name == "" || s.strange != "" {
		return false
	}
	for _, e := range s.keys {
		if !allowed(s.name, e.key, e.value) {
			return false
		}
	}
	return true
}

func (s *section) complain(allowed keyTest) error {
	switch {
	case s.name == "":
		return fmt.Errorf("the section %s is not allowed", shorten(string(bytes.TrimSpace(firstLine(s.text)))))
	case s.strange != "":
		return fmt.Errorf("the section %s has the line %q", s.header, shorten(s.strange))
	}
	for _, e := range s.keys {
		if !allowed(s.name, e.key, e.value) {
			return fmt.Errorf("the section %s has the key %s = %s", s.header, e.key, shorten(e.value))
		}
	}
	return fmt.Errorf("the section %s follows a line that goes on", s.header)
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}

// ends reports whether the last line of text does not go on in the next one.
func ends(text []byte) bool {
	text, ended := bytes.CutSuffix(text, []byte("\n"))
	text = bytes.TrimSuffix(text, []byte("\r"))
	return ended && !bytes.HasSuffix(text, []byte(`\`))
}

// sections splits a configuration before each line that begins like a header.
func sections(content []byte) []section {
	var out []section
	for line := range bytes.Lines(content) {
		if len(out) == 0 || bytes.HasPrefix(bytes.TrimLeft(line, " \t\r\v\f"), []byte("[")) {
			out = append(out, section{text: line})
			out[len(out)-1].readHeader(line)
			continue
		}
		s := &out[len(out)-1]
		s.text = s.text[: len(s.text)+len(line) : len(s.text)+len(line)]
		s.readLine(line)
	}
	return out
}

// readHeader reads a header as git writes it: [core], or [branch "main"].
func (s *section) readHeader(line []byte) {
	text, ended := strings.CutSuffix(string(line), "\n")
	inner, ok := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !ok || !closed || !ended {
		return
	}
	name, subsection, quoted := strings.Cut(inner, ` "`)
	if quoted {
		subsection, quoted = strings.CutSuffix(subsection, `"`)
		if !quoted || !isPlain(subsection) {
			return
		}
	}
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
		return
	}
	if quoted {
		name += ".*"
	}
	s.name, s.header = name, text
}

// isPlain reports whether a subsection is like the name of a branch or of a module.
func isPlain(subsection string) bool {
	return subsection != "" && strings.IndexFunc(subsection, func(r rune) bool { return r != '/' && !isNameRune(r) }) < 0
}

// readLine reads a line as git writes it: a tab, the key, " = " and the value without
// quotes. Lines without a word are harmless too.
func (s *section) readLine(line []byte) {
	text, ended := strings.CutSuffix(string(line), "\n")
	trimmed := strings.Trim(text, " \t")
	if ended && trimmed == "" {
		return
	}
	key, value, ok := strings.Cut(trimmed, " =")
	value = strings.TrimLeft(value, " \t")
	letters := strings.Trim(strings.ToLower(key), "abcdefghijklmnopqrstuvwxyz") == "" && key != ""
	if s.strange == "" && (!ended || !ok || !letters || !isPlainValue(value)) {
		s.strange = trimmed
		return
	}
	s.keys = append(s.keys, entry{strings.ToLower(key), value})
}

// isPlainValue reports whether git reads a value as the bytes stand.
func isPlainValue(value string) bool {
	return strings.IndexFunc(value, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '\\' || r == '"' || r == '#' || r == ';' || r == '\uFFFD'
	}) < 0
}
