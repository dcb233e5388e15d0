package patch

import (
	"fmt"
	"strings"
)

// File is the part of a patch about one file.
type File struct {
	Kind   Kind
	Path   string
	To     string   // the new name, "" if the file keeps its name
	Text   []string // the lines of an added file
	Chunks []Chunk  // the places that change
}

// Chunk is a change of one place in a file.
type Chunk struct {
	Below []string // lines to find first, one after the other ("@@ LINE")
	Lines []Line
	AtEnd bool // the place is the end of the file
	Where int  // the line in the patch, from 1
}

// Line is a line of a Chunk. Op is ' ' for a line that stays, '-' for a line that goes,
// '+' for a line that comes.
type Line struct {
	Op   byte
	Text string
}

// SyntaxError says which line of a patch can't be read, and why.
type SyntaxError struct {
	Line   int // from 1
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d of the patch: %s", e.Line, e.Reason)
}

// The marks of the format.
const (
	beginMark  = "*** Begin Patch"
	endMark    = "*** End Patch"
	addMark    = "*** Add File:"
	deleteMark = "*** Delete File:"
	updateMark = "*** Update File:"
	moveMark   = "*** Move to:"
	eofMark    = "*** End of File"
)

// Parse reads a patch. Parse also takes what models write besides the format: a here
// document or a fence around the patch, CR LF, blanks around a mark, an empty line for an
// empty line that stays, and a missing last newline. The error is a *SyntaxError.
func Parse(text string) ([]File, error) {
	p := parser{lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	if err := p.begin(); err != nil {
		return nil, err
	}
	var files []File
	for {
		line, ok := p.peek()
		if !ok {
			return nil, p.bad("the patch is cut: %q is missing", endMark)
		}
		if line == endMark {
			break
		}
		if line == "" || line == eofMark {
			p.at++
			continue
		}
		f, err := p.file(line)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, p.bad("the patch names no file")
	}
	return files, nil
}

// parser reads lines one after the other.
type parser struct {
	lines []string
	at    int
}

// peek returns the next line without the blanks around it.
func (p *parser) peek() (line string, ok bool) {
	if p.at >= len(p.lines) {
		return "", false
	}
	return strings.TrimSpace(p.lines[p.at]), true
}

func (p *parser) bad(format string, args ...any) error {
	return &SyntaxError{min(p.at+1, len(p.lines)), fmt.Sprintf(format, args...)}
}

// begin passes over the first mark, and over a here document's first line or a fence.
func (p *parser) begin() error {
	for {
		line, ok := p.peek()
		switch {
		case ok && line == beginMark:
			p.at++
			return nil
		case ok && (line == "" || strings.Contains(line, "<<") || strings.HasPrefix(line, "```")):
			p.at++
		default:
			return p.bad("a patch begins with %q", beginMark)
		}
	}
}

// file reads the part about one file; line is its header.
func (p *parser) file(line string) (f File, err error) {
	var name string
	switch {
	case cut(line, addMark, &name):
		f.Kind = Add
	case cut(line, deleteMark, &name):
		f.Kind = Delete
	case cut(line, updateMark, &name):
		f.Kind = Update
	default:
		return f, p.bad("%q is no header: Add File, Delete File, Update File or End Patch comes here", short(line))
	}
	if f.Path = name; badName(name) {
		return f, p.bad("the header names no file")
	}
	p.at++
	switch f.Kind {
	case Add:
		return f, p.added(&f)
	case Update:
		return f, p.updated(&f)
	}
	return f, nil
}

func badName(name string) bool { return name == "" || strings.IndexByte(name, 0) >= 0 }

// added reads the lines of a new file.
func (p *parser) added(f *File) error {
	for ; p.at < len(p.lines) && strings.HasPrefix(p.lines[p.at], "+"); p.at++ {
		f.Text = append(f.Text, p.lines[p.at][1:])
	}
	if line, ok := p.peek(); ok && line != "" && !strings.HasPrefix(line, "***") {
		return p.bad("each line of an added file begins with %q", "+")
	}
	return nil
}

// updated reads a new name, if there is one, and the chunks.
func (p *parser) updated(f *File) error {
	if line, ok := p.peek(); ok && cut(line, moveMark, &f.To) {
		if badName(f.To) {
			return p.bad("the new name is missing")
		}
		p.at++
	}
	for {
		c, more, err := p.chunk()
		if err != nil {
			return err
		}
		if len(c.Lines) > 0 {
			f.Chunks = append(f.Chunks, c)
		}
		if !more {
			break
		}
	}
	if len(f.Chunks) == 0 && f.To == "" {
		return p.bad("nothing changes in %s", short(f.Path))
	}
	return nil
}

// chunk reads one place of a file. more says that the next line may begin another place.
func (p *parser) chunk() (c Chunk, more bool, err error) {
	c.Where = p.at + 1
	for ; p.at < len(p.lines); p.at++ {
		line := p.lines[p.at]
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == eofMark:
			c.AtEnd = true
			p.at++
			return c, true, nil
		case strings.HasPrefix(line, "***"), trimmed == endMark:
			c.dropBlanks()
			return c, false, nil
		case strings.HasPrefix(line, "@@"):
			if len(c.Lines) > 0 {
				return c, true, nil
			}
			if below := named(line); below != "" {
				c.Below = append(c.Below, below)
			}
		case line == "":
			c.Lines = append(c.Lines, Line{' ', ""})
		case line[0] == ' ', line[0] == '-', line[0] == '+':
			c.Lines = append(c.Lines, Line{line[0], line[1:]})
		default:
			return c, false, p.bad("%q begins with none of %q, %q, %q and %q", short(line), " ", "-", "+", "@@")
		}
	}
	return c, false, nil
}

// dropBlanks removes empty lines at the end, which only set off the next header. An empty
// line behind lines that stay may be meant, so one is left there for the search to drop.
func (c *Chunk) dropBlanks() {
	empty := Line{' ', ""}
	for n := len(c.Lines); n > 0 && c.Lines[n-1] == empty; n = len(c.Lines) {
		if n > 1 && c.Lines[n-2].Op == ' ' && c.Lines[n-2] != empty {
			return
		}
		c.Lines = c.Lines[:n-1]
	}
}

// named returns the line that a chunk's header names, "" for none. The numbers of diff(1)
// say nothing here, since models make them up.
func named(header string) string {
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(header[2:]), "@@"))
	if strings.Trim(text, "-+0123456789, ") == "" {
		return ""
	}
	return text
}

// cut sets rest to what follows mark in line, and reports whether line begins with mark.
func cut(line, mark string, rest *string) bool {
	after, ok := strings.CutPrefix(line, mark)
	if ok {
		*rest = strings.TrimSpace(after)
	}
	return ok
}

func short(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
