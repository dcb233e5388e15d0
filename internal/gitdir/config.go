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

// section is a run of lines in a configuration: a header, and the lines before the next header.
type section struct {
	header string // the first line, when it is a header in the form of git
	name   string // like "core", or "branch.*" with a subsection; "" when git writes headers otherwise
	lines  []line
}

// line is a line of a configuration with its end. key is "" where git writes lines
// otherwise.
type line struct {
	text       []byte
	key, value string
	blank      bool
}

func (r *Rules) checkConfig(a area, content, old []byte) error {
	test, known := isHarmlessKey, old
	if a.kind == moduleDir || a.fresh {
		test, known = r.moduleTest(a), content
	}
	remotes := remotesOf(known)
	for _, s := range sections(old) {
		for _, l := range s.lines {
			if s.name == "branch.*" && l.key == "remote" {
				remotes[l.value] = true // in use before
			}
		}
	}
	return compareConfig(content, old, func(name, key, value string) bool {
		if name+"."+key == "branch.*.remote" && value != "." && !remotes[value] {
			return false
		}
		return test(name, key, value)
	})
}

// remotesOf lists the remotes that have an address. To git any other name of a remote is a
// path: "git push" would run the hooks of a folder of the name.
func remotesOf(config []byte) map[string]bool {
	out := map[string]bool{}
	for _, s := range sections(config) {
		name, ok := strings.CutPrefix(s.header, `[remote "`)
		if !ok || s.name != "remote.*" {
			continue
		}
		for _, l := range s.lines[1:] {
			if l.key == "url" && l.value != "" {
				out[strings.TrimSuffix(name, `"]`)] = true
			}
		}
	}
	return out
}

// compareConfig allows content that differs from old in lines of allowed keys alone, written
// in the one form of git, and in the headers of sections with no other lines. The other
// lines must be equal byte by byte, and mean the same with and without the allowed lines.
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
		for _, l := range s.lines {
			had[s.header+"\n"+string(l.text)] = true
		}
	}
	for _, s := range now {
		for i, l := range s.lines {
			if !had[s.header+"\n"+string(l.text)] && (i > 0 || s.name == "") {
				return s.complain(l)
			}
		}
	}
	return errors.New("the configuration lacks lines that it had, or has them in another order")
}

func (s *section) complain(l line) error {
	switch {
	case s.name == "":
		return fmt.Errorf("the line %q is not allowed", shorten(string(bytes.TrimSpace(l.text))))
	case l.key == "":
		return fmt.Errorf("the section %s has the line %q", s.header, shorten(string(bytes.TrimSpace(l.text))))
	}
	return fmt.Errorf("the section %s has the key %s = %s", s.header, l.key, shorten(l.value))
}

// joined returns the text of all sections.
func joined(sections []section) []byte {
	var out []byte
	for _, s := range sections {
		for _, l := range s.lines {
			out = append(out, l.text...)
		}
	}
	return out
}

// strip returns the sections without their harmless lines, and without
// headers of no lines. The last line gets an end, as git adds the end
// before git writes more.
func strip(content []byte, allowed keyTest) []section {
	if len(content) > 0 && content[len(content)-1] != '\n' {
		content = append(bytes.Clone(content), '\n')
	}
	var left []section
	ended := true // whether the line before does not go on in the next one
	for _, s := range sections(content) {
		if s.name == "" || !ended {
			left = append(left, s)
			ended = ends(s.lines[len(s.lines)-1].text)
			continue
		}
		kept := s.lines[:1:1]
		for _, l := range s.lines[1:] {
			if !ended || !l.blank && (l.key == "" || !allowed(s.name, l.key, l.value)) {
				kept = append(kept, l)
			}
			ended = ends(l.text)
		}
		if len(kept) > 1 {
			s.lines = kept
			left = append(left, s)
		}
	}
	return left
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
	for text := range bytes.Lines(content) {
		if len(out) == 0 || bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\v\f"), []byte("[")) {
			out = append(out, section{lines: []line{{text: text}}})
			out[len(out)-1].readHeader(text)
			continue
		}
		s := &out[len(out)-1]
		s.lines = append(s.lines, readLine(text))
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
// quotes. A line without a word is blank.
func readLine(content []byte) line {
	l := line{text: content}
	text, ended := strings.CutSuffix(string(content), "\n")
	text = strings.Trim(text, " \t")
	if !ended || text == "" {
		l.blank = ended
		return l
	}
	key, value, ok := strings.Cut(text, " =")
	value = strings.TrimLeft(value, " \t")
	key = strings.ToLower(key)
	if ok && key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz-") == "" && isPlainValue(value) {
		l.key, l.value = key, value
	}
	return l
}

// isPlainValue reports whether git reads a value as the bytes stand.
func isPlainValue(value string) bool {
	return strings.IndexFunc(value, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '\\' || r == '"' || r == '#' || r == ';' || r == '\uFFFD'
	}) < 0
}
