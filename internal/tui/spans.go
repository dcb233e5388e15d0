package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// spans draws code, strong text, emphasis and links within a paragraph.
func spans(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if drawn, n := span(text, i); n > 0 {
			b.WriteString(drawn)
			i += n
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	return b.String()
}

// span draws what begins at text[i], and returns its length; 0 for plain text.
func span(text string, i int) (drawn string, n int) {
	rest := text[i:]
	switch c := rest[0]; c {
	case '\\':
		if len(rest) > 1 && punctuation(rest[1]) {
			return rest[1:2], 2
		}
	case '`':
		marks := len(rest) - len(strings.TrimLeft(rest, "`"))
		if end := strings.Index(rest[marks:], rest[:marks]); end > 0 {
			return in(cyan, strings.TrimSpace(rest[marks:marks+end])), marks + end + marks
		}
	case '*', '_':
		if i > 0 && c == '_' && letter(text[i-1]) {
			return "", 0
		}
		return emphasis(text, i)
	case '[':
		return link(rest)
	}
	return "", 0
}

// emphasis draws strong text or emphasis.
func emphasis(text string, i int) (drawn string, n int) {
	rest := text[i:]
	if len(rest) > 2 && rest[1] == rest[0] {
		if end := strings.Index(rest[2:], rest[:2]); end > 0 && rest[2] != ' ' {
			return in(bold, rest[2:2+end]), end + 4
		}
		return "", 0
	}
	if i > 0 && letter(text[i-1]) {
		return "", 0
	}
	end := strings.IndexByte(rest[1:], rest[0])
	if end <= 0 || rest[1] == ' ' || rest[end] == ' ' || end+2 < len(rest) && letter(rest[end+2]) {
		return "", 0
	}
	return in(italic, rest[1:1+end]), end + 2
}

// link draws the text of a link, and the address: a reader must see where a link leads.
func link(rest string) (drawn string, n int) {
	text, after, ok := strings.Cut(rest[1:], "](")
	if !ok || strings.ContainsAny(text, "[]") {
		return "", 0
	}
	address, _, ok := strings.Cut(after, ")")
	if !ok || strings.Contains(address, " ") {
		return "", 0
	}
	if drawn = text; address != text {
		drawn += " " + in(faint, "("+address+")")
	}
	return drawn, len(text) + len(address) + len("[](") + len(")")
}

func punctuation(c byte) bool { return c > ' ' && c < 0x7f && !letter(c) || c == '_' }

func letter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// table draws the open table, with columns as wide as their widest cell.
func (m *markdown) table() (done []string) {
	var rows [][]string
	var widths []int
	for _, r := range m.rows {
		row := strings.Split(strings.Trim(r, "| "), "|")
		for i, c := range row {
			row[i] = spans(strings.TrimSpace(c))
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if strings.Trim(c, "-: ") != "" {
				widths[i] = max(widths[i], width(row[i]))
			}
		}
		rows = append(rows, row)
	}
	total := -2
	for _, w := range widths {
		total += w + 2
	}
	for n, row := range rows {
		if n == 1 && strings.Trim(strings.Join(row, ""), "-: ") == "" {
			done = append(done, m.out(in(faint, strings.Repeat("─", max(min(total, m.width), 0))))...)
			continue
		}
		done = append(done, m.out(cut(tableRow(row, widths, n == 0), m.width))...)
	}
	return done
}

func tableRow(row []string, widths []int, head bool) string {
	var b strings.Builder
	for i, c := range row {
		blanks := max(widths[i]-width(c), 0) + 2
		if head {
			c = in(bold, ansi.Strip(c))
		}
		b.WriteString(c)
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", blanks))
		}
	}
	return b.String()
}
