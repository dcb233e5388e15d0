package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// The styles are of the sixteen colours of the user's own theme: the screen needs no
// knowledge of a light or dark background. A text is never bold and coloured at once, as
// many terminals show bold yellow as bright yellow, on white.
const (
	reset  = "\x1b[0m"
	bold   = "\x1b[1m"
	faint  = "\x1b[2m"
	italic = "\x1b[3m"
	under  = "\x1b[4m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	blue   = "\x1b[34m"
	cyan   = "\x1b[36m"
)

// in returns a text in a style.
func in(style, text string) string {
	if text == "" || style == "" {
		return text
	}
	return style + text + reset
}

// width returns the columns of a line on the terminal that takes the most room: some
// terminals count characters, others the signs that a reader sees.
func width(line string) int { return max(ansi.StringWidth(line), ansi.StringWidthWc(line)) }

// cut returns a line of at most w columns, with a mark where something is missing.
func cut(line string, w int) string {
	w = max(w, 1)
	if len(line) <= w { // a column takes a byte at least
		return line
	}
	if width(line) <= w {
		return line
	}
	out := ansi.Truncate(line, w, "…")
	for n := w - 1; width(out) > w && n > 0; n-- { // a sign of two widths
		out = ansi.Truncate(out, n, "…")
	}
	return out
}

// wrap breaks a line between words.
func wrap(line string, w int) []string {
	if len(line) <= w {
		return []string{line}
	}
	return strings.Split(ansi.Wrap(line, max(w, 8), " -"), "\n")
}

// hardwrap breaks a line after w columns, and keeps each blank. Of the two widths of a line
// the larger counts, as in cut: nothing of a broken line is cut off.
func hardwrap(line string, w int) []string {
	w = max(w, 8)
	return strings.Split(ansi.HardwrapWc(ansi.Hardwrap(line, w, true), w, true), "\n")
}

// carry ends each style at the end of a line and begins the style again on the next line,
// because each line is drawn alone.
func carry(lines []string) []string {
	open := ""
	for i, line := range lines {
		begin := open
		for rest := line; ; {
			at := strings.IndexByte(rest, 0x1b)
			if at < 0 {
				break
			}
			end := at + strings.IndexByte(rest[at:], 'm') + 1
			if seq := rest[at:end]; seq == reset {
				open = ""
			} else {
				open += seq
			}
			rest = rest[end:]
		}
		if lines[i] = begin + line; open != "" {
			lines[i] += reset
		}
	}
	return lines
}

// textWidth returns the columns of running text on a terminal of w columns: a reader loses
// the way in longer lines.
func textWidth(w int) int { return min(max(w-2, 8), 100) }
