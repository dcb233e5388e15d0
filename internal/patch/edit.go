package patch

import (
	"fmt"
	"slices"
	"strings"
)

// text is the content of a file, by lines.
type text struct {
	lines []string // without LF; a CR stays
	ends  bool     // the last line ends in LF
	crlf  bool     // most lines end in CR LF
}

func split(s string) text {
	t := text{ends: s == "" || strings.HasSuffix(s, "\n"), crlf: 2*strings.Count(s, "\r\n") > strings.Count(s, "\n")}
	if s != "" {
		t.lines = strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	}
	return t
}

func (t text) String() string {
	if len(t.lines) == 0 {
		return ""
	}
	s := strings.Join(t.lines, "\n")
	if t.ends {
		s += "\n"
	}
	return s
}

// editor carries the chunks of one file out, from the first line to the last.
type editor struct {
	path   string
	have   text
	lookup lookup
	out    []string
	at     int // lines of the file before at are in out, or gone
	diff   strings.Builder
}

// edit returns a file's text with the chunks carried out, and the hunks of a diff. Lines
// that stay keep the file's own bytes. Lines that come end as the lines of the file do.
// The error is a *MatchError.
func edit(path, have string, chunks []Chunk) (fresh, diff string, err error) {
	e := editor{path: path, have: split(have)}
	e.lookup.lines = e.have.lines
	for _, c := range chunks {
		if err := e.chunk(c); err != nil {
			return "", "", err
		}
	}
	e.out = append(e.out, e.have.lines[e.at:]...)
	if !e.have.ends && e.have.crlf && len(e.out) > 0 {
		e.out[len(e.out)-1] = strings.TrimSuffix(e.out[len(e.out)-1], "\r")
	}
	e.have.lines = e.out
	return e.have.String(), e.diff.String(), nil
}

// chunk finds the place of c and carries c out.
func (e *editor) chunk(c Chunk) error {
	from := e.at
	for _, header := range c.Below {
		next := e.lookup.below(header, from)
		if next < 0 {
			return &MatchError{e.path, c.Where, []string{header}}
		}
		from = next
	}
	i := e.find(&c, from)
	if i < e.at {
		return &MatchError{e.path, c.Where, c.want()}
	}
	e.put(c, i)
	return nil
}

// find returns the line where c begins, or -1. find may drop an empty line at the end of
// c that the file doesn't have.
func (e *editor) find(c *Chunk, from int) int {
	want := c.want()
	if len(want) == 0 && len(c.Below) == 0 {
		return len(e.have.lines) // lines that only come, and say nowhere, come at the end
	}
	if i := e.lookup.find(want, from, c.AtEnd); i >= 0 {
		return i
	}
	if len(c.Below) > 0 { // models repeat the header as the first line
		if i := e.lookup.find(want, max(from-1, e.at), c.AtEnd); i >= 0 {
			return i
		}
	}
	if !c.dropLast() {
		return -1
	}
	return e.lookup.find(c.want(), from, c.AtEnd)
}

// want lists the lines that the file must have.
func (c *Chunk) want() []string {
	var out []string
	for _, l := range c.Lines {
		if l.Op != '+' {
			out = append(out, l.Text)
		}
	}
	return out
}

// dropLast removes an empty line that stays, if it is the last line that the file must have.
func (c *Chunk) dropLast() bool {
	for i := len(c.Lines) - 1; i >= 0; i-- {
		if c.Lines[i] == (Line{' ', ""}) {
			c.Lines = append(c.Lines[:i:i], c.Lines[i+1:]...)
			return true
		}
		if c.Lines[i].Op != '+' {
			return false
		}
	}
	return false
}

// put carries c out at line i of the file.
func (e *editor) put(c Chunk, i int) {
	e.out = append(e.out, e.have.lines[e.at:i]...)
	e.at = i
	var body strings.Builder
	old, fresh := e.at+1, len(e.out)+1
	for _, l := range c.Lines {
		shown := l.Text
		switch l.Op {
		case '+':
			if e.have.crlf {
				l.Text += "\r"
			}
			e.out = append(e.out, l.Text)
		default:
			shown = strings.TrimSuffix(e.have.lines[e.at], "\r")
			if l.Op == ' ' {
				e.out = append(e.out, e.have.lines[e.at])
			}
			e.at++
		}
		fmt.Fprintf(&body, "%c%s\n", l.Op, shown)
	}
	if !slices.ContainsFunc(c.Lines, func(l Line) bool { return l.Op != ' ' }) {
		return // nothing changes here
	}
	hunk(&e.diff, old, e.at+1-old, fresh, len(e.out)+1-fresh, body.String())
}

// hunk appends a hunk of a unified diff. A side without lines begins at the line before
// (diff(1), "Detailed Unified").
func hunk(b *strings.Builder, old, gone, fresh, come int, body string) {
	if gone == 0 {
		old--
	}
	if come == 0 {
		fresh--
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n%s", old, gone, fresh, come, body)
}

// replaced returns the diff of a file that gets a whole new text.
func replaced(have, fresh string) string {
	var b, body strings.Builder
	old, come := split(have).lines, split(fresh).lines
	for _, l := range old {
		fmt.Fprintf(&body, "-%s\n", strings.TrimSuffix(l, "\r"))
	}
	for _, l := range come {
		fmt.Fprintf(&body, "+%s\n", strings.TrimSuffix(l, "\r"))
	}
	hunk(&b, 1, len(old), 1, len(come), body.String())
	return b.String()
}
