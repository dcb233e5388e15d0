package tui

import (
	"strings"
	"unicode/utf8"
)

// markdown draws the part of Markdown that models write, as the text comes. feed gives out
// a line as soon as nothing that follows can change the line. The text is safe before
// markdown reads it: the only escapes in a drawn line are the styles.
type markdown struct {
	width int

	part  string   // a line without its end
	fence string   // the mark of the open code block
	para  []string // the open paragraph, or the open item of a list
	size  int      // of para, in bytes
	lead  string   // stands before the first line of para
	hang  string   // stands before the other lines
	rows  []string // the open table
	cells int      // of rows, in bytes
	gap   bool     // an empty line comes before the next
	any   bool     // something was drawn
}

// An open part is drawn anew with each piece of text. The bounds keep the time of a long
// answer from growing with the square of the length.
const (
	mostOpen  = 2048 // bytes of a line, and of a paragraph
	mostRows  = 60
	mostCells = 8192 // bytes of a table
)

// newMarkdown makes a markdown that begins with an empty line.
func newMarkdown(width int) *markdown { return &markdown{width: width, gap: true, any: true} }

// feed takes text and returns the lines that are done. The lines don't depend on how the
// text is cut into pieces.
func (m *markdown) feed(text string) (done []string) {
	m.part += text
	for {
		end, next := strings.IndexByte(m.part, '\n'), 0
		switch {
		case end > mostOpen || end < 0 && len(m.part) > mostOpen:
			for end = mostOpen; end > mostOpen-utf8.UTFMax && !utf8.RuneStart(m.part[end]); {
				end--
			}
			next = end
		case end < 0:
			return done
		default:
			next = end + 1
		}
		done = append(done, m.line(safeLine(strings.TrimSuffix(m.part[:end], "\r")))...)
		m.part = m.part[next:]
	}
}

// open returns what is not done, as the end of the text would draw it.
func (m *markdown) open() []string {
	c := *m
	c.para = append([]string(nil), m.para...)
	c.rows = append([]string(nil), m.rows...)
	return c.end()
}

// end returns the rest.
func (m *markdown) end() (done []string) {
	if m.part != "" {
		done = m.line(safeLine(strings.TrimSuffix(m.part, "\r")))
		m.part = ""
	}
	done = append(done, m.flush()...)
	m.fence = ""
	return done
}

// line takes a whole line.
func (m *markdown) line(line string) []string {
	t := strings.TrimSpace(line)
	if m.fence != "" {
		return m.code(line, t)
	}
	if t == "" {
		done := m.flush()
		m.gap = m.any
		return done
	}
	if strings.HasPrefix(t, "|") {
		return m.row(t)
	}
	if done, ok := m.block(line, t); ok {
		return done
	}
	var done []string
	if m.para == nil {
		done = m.flush()
	}
	m.para = append(m.para, t)
	if m.size += len(t); m.size > mostOpen {
		done = append(done, m.flush()...)
	}
	return done
}

// code takes a line of a code block.
func (m *markdown) code(line, t string) []string {
	if strings.HasPrefix(t, m.fence) && strings.Trim(t, m.fence[:1]) == "" {
		m.fence, m.gap = "", true
		return nil
	}
	return m.out(in(cyan, "  "+line))
}

// row takes a line of a table.
func (m *markdown) row(t string) (done []string) {
	if m.rows == nil {
		done = m.flush()
	}
	m.rows = append(m.rows, t)
	if m.cells += len(t); len(m.rows) > mostRows || m.cells > mostCells {
		done = append(done, m.flush()...)
	}
	return done
}

// block takes a line that begins something new. ok is false for a line of running text.
func (m *markdown) block(line, t string) (done []string, ok bool) {
	if strings.HasPrefix(t, "```") || strings.HasPrefix(t, "~~~") {
		done = m.flush()
		m.fence, m.gap = t[:3], m.any
		return done, true
	}
	if n := heading(t); n > 0 {
		done = m.flush()
		m.gap = m.any
		style := bold
		if n == 1 {
			style = bold + under
		}
		for _, l := range carry(wrap(in(style, strings.TrimSpace(t[n:])), m.width)) {
			done = append(done, m.out(l)...)
		}
		m.gap = n < 3
		return done, true
	}
	if rule(t) {
		return append(m.flush(), m.out(in(faint, strings.Repeat("─", min(m.width, 40))))...), true
	}
	if t[0] == '>' {
		done = m.flush()
		m.begin(strings.TrimSpace(t[1:]), in(faint, "▏ "), in(faint, "▏ "))
		return append(done, m.flush()...), true
	}
	mark, rest, isItem := item(t)
	if !isItem {
		return nil, false
	}
	done = m.flush()
	indent := strings.Repeat(" ", min(len(line)-len(strings.TrimLeft(line, " ")), 12))
	m.begin(rest, indent+in(faint, mark)+" ", indent+strings.Repeat(" ", width(mark)+1))
	return done, true
}

// begin opens a paragraph that has something before its lines.
func (m *markdown) begin(text, lead, hang string) {
	m.para, m.size, m.lead, m.hang = []string{text}, len(text), lead, hang
}

// out returns a line, with an empty line before it if one is due.
func (m *markdown) out(line string) []string {
	gap := m.gap
	m.gap, m.any = false, true
	if gap {
		return []string{"", line}
	}
	return []string{line}
}

// flush draws the open paragraph or table.
func (m *markdown) flush() (done []string) {
	if m.rows != nil {
		done = m.table()
		m.rows, m.cells = nil, 0
	}
	if m.para == nil {
		return done
	}
	lines := carry(wrap(spans(strings.Join(m.para, " ")), m.width-width(m.hang)))
	for i, l := range lines {
		if i == 0 {
			done = append(done, m.out(m.lead+l)...)
		} else {
			done = append(done, m.hang+l)
		}
	}
	m.para, m.lead, m.hang, m.size = nil, "", "", 0
	return done
}

// heading returns the level of a heading, 0 for another line.
func heading(t string) int {
	n := len(t) - len(strings.TrimLeft(t, "#"))
	if n > 6 || n == len(t) || t[n] != ' ' {
		return 0
	}
	return n
}

// rule reports whether a line is a horizontal rule.
func rule(t string) bool {
	return len(t) >= 3 && (strings.Trim(t, "-") == "" || strings.Trim(t, "*") == "" || strings.Trim(t, "_") == "")
}

// item splits a line of a list into its mark and its text.
func item(t string) (mark, rest string, ok bool) {
	if len(t) > 1 && strings.IndexByte("-*+", t[0]) >= 0 && t[1] == ' ' {
		rest = t[2:]
		switch {
		case strings.HasPrefix(rest, "[ ] "):
			return "☐", rest[4:], true
		case strings.HasPrefix(rest, "[x] "), strings.HasPrefix(rest, "[X] "):
			return "☑", rest[4:], true
		}
		return "•", rest, true
	}
	n := len(t) - len(strings.TrimLeft(t, "0123456789"))
	if n > 0 && n < 4 && n+1 < len(t) && (t[n] == '.' || t[n] == ')') && t[n+1] == ' ' {
		return t[:n+1], t[n+2:], true
	}
	return "", "", false
}
