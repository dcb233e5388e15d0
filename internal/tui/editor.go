package tui

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// editor is the text that the user writes: characters, and blocks of pasted text that move
// and go as one character.
type editor struct {
	text   []rune // a rune of firstBlock or more is a block
	at     int    // the cursor
	goal   int    // the column that up and down aim at; -1 for none
	killed []rune
	blocks []string
}

// firstBlock is the rune of the first block: no character.
const firstBlock = unicode.MaxRune + 1

// A longer pasted text is a block: each key draws the whole text.
const (
	blockBytes = 1000
	blockLines = 8
)

// value returns the text with the blocks in full.
func (e *editor) value() string {
	var b strings.Builder
	for _, r := range e.text {
		if r >= firstBlock {
			b.WriteString(e.blocks[r-firstBlock])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (e *editor) set(text []rune) {
	e.text, e.at, e.goal = slices.Clone(text), len(text), -1
}

func (e *editor) insert(text string) { e.insertRunes([]rune(text)) }

func (e *editor) insertRunes(text []rune) {
	e.text = slices.Insert(e.text, e.at, text...)
	e.at += len(text)
	e.goal = -1
}

// paste inserts a pasted text, whose lines may end in CR.
func (e *editor) paste(text string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if len(text) <= blockBytes && strings.Count(text, "\n") <= blockLines {
		e.insert(text)
		return
	}
	e.blocks = append(e.blocks, text)
	e.insertRunes([]rune{firstBlock + rune(len(e.blocks)-1)})
}

// cell returns how a character is drawn.
func (e *editor) cell(r rune) string {
	switch {
	case r >= firstBlock:
		return fmt.Sprintf("[pasted text %d, %d lines]", r-firstBlock+1, strings.Count(e.blocks[r-firstBlock], "\n")+1)
	case r == '\t':
		return "    "
	case joiner(r):
		return "" // see apart
	}
	return Safe(string(r))
}

// wide reports whether r takes room of its own: accents don't.
func wide(r rune) bool { return !unicode.In(r, unicode.Mn, unicode.Me) && !joiner(r) }

// delete takes the characters of a range out.
func (e *editor) delete(from, to int) []rune {
	gone := slices.Clone(e.text[from:to])
	e.text = slices.Delete(e.text, from, to)
	e.at, e.goal = from, -1
	return gone
}

func (e *editor) left() int {
	i := e.at
	for i > 0 {
		if i--; wide(e.text[i]) {
			break
		}
	}
	return i
}

func (e *editor) right() int {
	i := min(e.at+1, len(e.text))
	for i < len(e.text) && !wide(e.text[i]) {
		i++
	}
	return i
}

func (e *editor) wordLeft() int {
	i := e.at
	for i > 0 && !inWord(e.text[i-1]) {
		i--
	}
	for i > 0 && inWord(e.text[i-1]) {
		i--
	}
	return i
}

func (e *editor) wordRight() int {
	i := e.at
	for i < len(e.text) && !inWord(e.text[i]) {
		i++
	}
	for i < len(e.text) && inWord(e.text[i]) {
		i++
	}
	return i
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

func (e *editor) lineStart() int {
	i := e.at
	for i > 0 && e.text[i-1] != '\n' {
		i--
	}
	return i
}

func (e *editor) lineEnd() int {
	i := e.at
	for i < len(e.text) && e.text[i] != '\n' {
		i++
	}
	return i
}

// blankLeft returns the beginning of the word before the cursor, up to a blank.
func (e *editor) blankLeft() int {
	i := e.at
	for i > 0 && unicode.IsSpace(e.text[i-1]) {
		i--
	}
	for i > 0 && !unicode.IsSpace(e.text[i-1]) {
		i--
	}
	return i
}

// key acts on a key that edits or moves. ok is false for another key.
func (e *editor) key(name string) (ok bool) {
	move := func(to int) { e.at, e.goal = to, -1 }
	switch name {
	case "left", "ctrl+b":
		move(e.left())
	case "right", "ctrl+f":
		move(e.right())
	case "alt+left", "ctrl+left", "alt+b":
		move(e.wordLeft())
	case "alt+right", "ctrl+right", "alt+f":
		move(e.wordRight())
	case "home", "ctrl+a":
		move(e.lineStart())
	case "end", "ctrl+e":
		move(e.lineEnd())
	case "backspace", "ctrl+h", "shift+backspace":
		e.delete(e.left(), e.at)
	case "delete", "ctrl+d":
		e.delete(e.at, e.right())
	case "ctrl+w":
		e.killed = e.delete(e.blankLeft(), e.at)
	case "alt+backspace", "ctrl+backspace":
		e.killed = e.delete(e.wordLeft(), e.at)
	case "alt+d", "ctrl+delete", "alt+delete":
		e.killed = e.delete(e.at, e.wordRight())
	case "ctrl+u":
		e.killed = e.delete(e.lineStart(), e.at)
	case "ctrl+k":
		end := e.lineEnd()
		if end == e.at && end < len(e.text) {
			end++
		}
		e.killed = e.delete(e.at, end)
	case "ctrl+y":
		e.insertRunes(e.killed)
	case "alt+enter", "shift+enter", "ctrl+j":
		e.insert("\n")
	default:
		return false
	}
	return true
}

// row is a row of the laid-out text.
type row struct {
	text       string
	start, end int // in editor.text, without the blank or the line's end behind
}

// layout breaks the text into rows of w columns at most, and finds the cursor.
func (e *editor) layout(w int) (rows []row, cursorRow, cursorCol int) {
	w = max(w, 2)
	var cells []string
	var widths []int
	for _, r := range e.text {
		c := e.cell(r)
		cells, widths = append(cells, c), append(widths, width(c))
	}
	for start := 0; ; {
		end, next := breakRow(e.text, widths, start, w)
		rows = append(rows, row{strings.Join(cells[start:end], ""), start, end})
		if e.at >= start && (e.at < next || next > len(e.text)) {
			cursorRow, cursorCol = len(rows)-1, sum(widths[start:min(e.at, end)])
		}
		if next > len(e.text) {
			return rows, cursorRow, min(cursorCol, w-1)
		}
		start = next
	}
}

// breakRow returns the end of the row that begins at start, and the beginning of the next
// row; more than the text's length after the last row.
func breakRow(text []rune, widths []int, start, w int) (end, next int) {
	column, blank := 0, -1
	for i := start; i < len(text); i++ {
		if text[i] == '\n' {
			return i, i + 1
		}
		column += widths[i]
		if column > w && i > start {
			switch {
			case text[i] == ' ':
				return i, i + 1
			case blank > start:
				return blank, blank + 1
			}
			return i, i
		}
		if text[i] == ' ' {
			blank = i
		}
	}
	return len(text), len(text) + 1
}

func sum(numbers []int) (n int) {
	for _, x := range numbers {
		n += x
	}
	return n
}

// vertical moves the cursor by a row. ok is false at the first or the last row.
func (e *editor) vertical(by, w int) (ok bool) {
	rows, r, c := e.layout(w)
	if r+by < 0 || r+by >= len(rows) {
		return false
	}
	if e.goal < 0 {
		e.goal = c
	}
	to, column := rows[r+by], 0
	at := to.start
	for at < to.end && column < e.goal {
		column += width(e.cell(e.text[at]))
		at++
	}
	if last := r+by == len(rows)-1; at == to.end && at > to.start && !last && rows[r+by+1].start == at {
		at-- // the end of a wrapped row is the beginning of the next
	}
	e.at = at
	return true
}
