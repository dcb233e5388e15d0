package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

const (
	syncOn, syncOff        = "\x1b[?2026h", "\x1b[?2026l"
	hideCursor, showCursor = "\x1b[?25l", "\x1b[?25h"
	eraseBelow             = "\x1b[J"
	eraseRest              = "\x1b[K" // of the line
)

// compose returns the bytes that bring the terminal from what stands there to finished
// lines and a frame below.
func (p *painter) compose(finished []string, f frame) string {
	f = p.fit(f)
	var b strings.Builder
	b.WriteString(syncOn + hideCursor + "\r")
	if up := min(p.above(f.width), max(f.height-1, 0)); up > 0 {
		b.WriteString(ansi.CursorUp(up))
	}
	if f.again || len(finished) > 0 || f.width != p.width || len(f.lines) < len(p.drawn) {
		b.WriteString(eraseBelow)
		p.drawn = nil
		for _, line := range finished {
			b.WriteString(p.styled(line))
			b.WriteString("\r\n")
		}
	}
	p.change(&b, f)
	b.WriteByte('\r')
	if up := len(f.lines) - 1 - f.row; up > 0 {
		b.WriteString(ansi.CursorUp(up))
	}
	if f.col > 0 {
		b.WriteString(ansi.CursorForward(f.col))
	}
	if !f.hidden {
		b.WriteString(showCursor)
	}
	b.WriteString(syncOff)
	p.drawn, p.row, p.col, p.width = f.lines, f.row, f.col, f.width
	return b.String()
}

// fit cuts a frame to the terminal: of too many lines the last stay.
func (p *painter) fit(f frame) frame {
	f.lines = slices.Clone(f.lines)
	if over := len(f.lines) - max(f.height-1, 1); over > 0 {
		f.lines = f.lines[over:]
		f.row = max(f.row-over, 0)
	}
	for i, line := range f.lines {
		f.lines[i] = p.styled(cut(line, f.width))
	}
	f.col = min(f.col, max(f.width-1, 0))
	return f
}

// change writes the lines that differ from the drawn lines, from the first line down. The
// cursor ends in the last line.
func (p *painter) change(b *strings.Builder, f frame) {
	for i, line := range f.lines {
		if i >= len(p.drawn) || p.drawn[i] != line {
			b.WriteString(line)
			if i < len(p.drawn) && width(line) < f.width {
				b.WriteString(eraseRest)
			}
		}
		if i < len(f.lines)-1 {
			b.WriteString("\r\n")
		}
	}
}

// above returns how many rows of the live region stand above the cursor's row, on a
// terminal of the width now.
func (p *painter) above(now int) int {
	if now == p.width || !p.reflows || now == 0 {
		return p.row
	}
	rows := p.col / now
	for _, line := range p.drawn[:min(p.row, len(p.drawn))] {
		rows += max(1, (width(line)+now-1)/now)
	}
	return rows
}
