package patch

import (
	"fmt"
	"strings"
)

// MatchError says that the lines of a chunk aren't in the file.
type MatchError struct {
	Path  string
	Where int      // the line in the patch, from 1
	Lines []string // the lines that were looked for
}

func (e *MatchError) Error() string {
	const most = 40
	lines := e.Lines
	if len(lines) > most {
		lines = append(lines[:most:most], fmt.Sprintf("… %d more lines", len(e.Lines)-most))
	}
	return fmt.Sprintf("%s doesn't have these lines (line %d of the patch); read the file and write the patch anew:\n%s", e.Path, e.Where, strings.Join(lines, "\n"))
}

// likenesses are the ways in which a line of a patch may match a line of a file, from
// exact to loose: as written, without blanks at the end, without blanks around, and with
// the letters that people type in place of typographic ones.
var likenesses = [...]func(string) string{
	func(s string) string { return s },
	func(s string) string { return strings.TrimRight(s, " \t\r") },
	strings.TrimSpace,
	func(s string) string { return typed.Replace(strings.TrimSpace(s)) },
}

// typed replaces letters of print by letters of a keyboard.
var typed = strings.NewReplacer(
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-",
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "“", `"`, "”", `"`, "„", `"`, "‟", `"`, "…", "...",
	"\u00a0", " ", "\u2002", " ", "\u2003", " ", "\u2009", " ", "\u200a", " ", "\u202f", " ", "\u205f", " ", "\u3000", " ",
)

// lookup finds lines in a file. The file's lines are turned into each likeness once.
type lookup struct {
	lines []string
	as    [len(likenesses)][]string
}

func (l *lookup) likeness(n int) []string {
	if n == 0 {
		return l.lines
	}
	if l.as[n] == nil {
		l.as[n] = turned(l.lines, likenesses[n])
	}
	return l.as[n]
}

func turned(lines []string, as func(string) string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = as(line)
	}
	return out
}

// find returns where want is in the file, at line from or behind, in the strictest
// likeness that finds want, or -1. atEnd prefers the end of the file.
func (l *lookup) find(want []string, from int, atEnd bool) int {
	if len(want) == 0 {
		if atEnd {
			return len(l.lines)
		}
		return from
	}
	for n, as := range likenesses {
		have, need := l.likeness(n), turned(want, as)
		if last := len(have) - len(need); atEnd && last >= from && index(have[last:], need) == 0 {
			return last
		}
		if i := index(have[from:], need); i >= 0 {
			return from + i
		}
	}
	return -1
}

// index returns where need first is in have, or -1, in time that grows with the sum of
// the lengths (Knuth, Morris and Pratt).
func index(have, need []string) int {
	back := make([]int, len(need)) // how much of need ends before each line and is a beginning too
	for i, k := 1, 0; i < len(need); i++ {
		for k > 0 && need[i] != need[k] {
			k = back[k-1]
		}
		if need[i] == need[k] {
			k++
		}
		back[i] = k
	}
	for i, k := 0, 0; i < len(have); i++ {
		for k > 0 && have[i] != need[k] {
			k = back[k-1]
		}
		if have[i] == need[k] {
			k++
		}
		if k == len(need) {
			return i - k + 1
		}
	}
	return -1
}

// below returns the line behind the header of a chunk, or -1. Models name a function by
// the beginning of its line.
func (l *lookup) below(header string, from int) int {
	if i := l.find([]string{header}, from, false); i >= 0 {
		return i + 1
	}
	for i, line := range l.likeness(2)[from:] {
		if strings.HasPrefix(line, header) {
			return from + i + 1
		}
	}
	return -1
}
