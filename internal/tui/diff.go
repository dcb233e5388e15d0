package tui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/patch"
)

// mostDiff is how many lines of a file's difference are shown folded.
const mostDiff = 60

// change draws what a patch did to files.
func (d drawing) change(i *agent.Item) (out []string) {
	done := d.spin == "" && i.Status == agent.Completed
	for _, c := range i.Changes {
		out = append(out, "", cut(d.dot(i)+" "+changeHead(c, done), d.width-1))
		if done {
			out = append(out, d.diff(c.Diff)...)
		}
	}
	if len(i.Changes) == 0 {
		out = append(out, "", d.dot(i)+" Patch")
	}
	if d.spin != "" {
		return append(out, d.last(i, "", "")...)
	}
	if done {
		return append(out, d.last(i, "written", "")...)
	}
	for _, line := range safeLines(strings.TrimSpace(strings.Join([]string{i.Text, i.Reason}, "\n"))) {
		for _, l := range wrap(line, textWidth(d.width)-2) {
			out = append(out, in(faint, "│ ")+l)
		}
	}
	return append(out, d.last(i, "nothing was changed", "")...)
}

var verbs = map[patch.Kind][2]string{patch.Add: {"Add", "Added"}, patch.Delete: {"Delete", "Deleted"}, patch.Update: {"Edit", "Edited"}}

// changeHead names a file and how many lines came and went.
func changeHead(c patch.Change, done bool) string {
	verb := verbs[c.Kind][0]
	if done {
		verb = verbs[c.Kind][1]
	}
	head := verb + " " + in(bold, Safe(c.Path))
	if c.To != "" {
		head += in(faint, " → ") + in(bold, Safe(c.To))
	}
	plus, minus := 0, 0
	for _, l := range readDiff(c.Diff) {
		switch l.op {
		case '+':
			plus++
		case '-':
			minus++
		}
	}
	if plus+minus > 0 {
		head += " "
	}
	if plus > 0 {
		head += in(green, fmt.Sprintf(" +%d", plus))
	}
	if minus > 0 {
		head += in(red, fmt.Sprintf(" -%d", minus))
	}
	return head
}

// diff draws a unified diff with the line numbers of the new file, and of the old file for
// lines that went.
func (d drawing) diff(text string) (out []string) {
	lines := readDiff(text)
	for n, l := range lines {
		if n == mostDiff && len(lines) > mostDiff+1 && !d.whole {
			return append(out, in(faint, fmt.Sprintf("│      … %d lines more · ctrl-o shows all", len(lines)-n)))
		}
		style, mark := "", "  "
		switch l.op {
		case '@':
			out = append(out, in(faint, "│    ⋮"))
			continue
		case '+':
			style, mark = green, "+ "
		case '-':
			style, mark = red, "- "
		}
		body := safeLine(l.text)
		if !d.whole {
			body = cut(body, d.width-10)
		}
		out = append(out, in(faint, fmt.Sprintf("│ %4d ", l.number))+in(style, mark+body))
	}
	return out
}

// diffLine is a line of a difference: op is ' ', '+', '-', or '@' between two hunks.
type diffLine struct {
	op     byte
	number int
	text   string
}

// readDiff reads a unified diff. Lines before the first hunk only name the files.
func readDiff(text string) (out []diffLine) {
	from, to, hunks := 0, 0, 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if f, t, ok := hunk(line); ok {
			if from, to = f, t; hunks > 0 {
				out = append(out, diffLine{op: '@'})
			}
			hunks++
			continue
		}
		if hunks == 0 || line == "" {
			continue
		}
		l := diffLine{line[0], to, line[1:]}
		switch l.op {
		case '+':
			to++
		case '-':
			l.number = from
			from++
		case ' ':
			from++
			to++
		default: // that the last line has no end
			continue
		}
		out = append(out, l)
	}
	return out
}

// hunk reads the line before a hunk: @@ -FROM,N +TO,N @@.
func hunk(line string) (from, to int, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || fields[0] != "@@" || fields[3] != "@@" {
		return 0, 0, false
	}
	from, okFrom := lineNumber(fields[1], "-")
	to, okTo := lineNumber(fields[2], "+")
	return from, to, okFrom && okTo
}

func lineNumber(field, sign string) (int, bool) {
	number, ok := strings.CutPrefix(field, sign)
	number, _, _ = strings.Cut(number, ",")
	n, err := strconv.Atoi(number)
	return n, ok && err == nil
}
