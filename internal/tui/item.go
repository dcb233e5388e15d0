package tui

import (
	"fmt"
	"strings"

	"github.com/lockstile/lockstile/internal/agent"
)

// drawing says how to draw an item.
type drawing struct {
	width int
	whole bool   // not folded
	spin  string // of an item that is not done; "" for a finished item
}

// foldTo is how many lines of an output are shown, the last; of a command line the first
// mostCommand.
const (
	foldTo      = 5
	mostCommand = 3
)

// margin stands before each line that a model wrote. The first column has the marks of
// lockstile alone: no text of a model looks like a command or a badge.
const margin = "  "

// inMargin puts the margin before lines.
func inMargin(lines []string) []string {
	for i, line := range lines {
		if line != "" {
			lines[i] = margin + line
		}
	}
	return lines
}

// item draws an item, below an empty line. Agent messages are not drawn here: package
// markdown draws them as they come.
func (d drawing) item(i *agent.Item) []string {
	switch i.Type {
	case agent.UserMessage:
		return d.user(i.Text)
	case agent.CommandExecution:
		return d.command(i)
	case agent.FileChange:
		return d.change(i)
	case agent.MCPToolCall:
		return d.call(i)
	case agent.TodoList:
		return d.plan(i)
	case agent.Reasoning:
		return d.thought(i.Text)
	case agent.Notice:
		return d.notice(i.Text)
	case agent.ErrorItem:
		return d.problem(i.Text)
	}
	return nil
}

// labelled draws a text with a mark before its first line.
func (d drawing) labelled(mark, style, text string) []string {
	out := []string{""}
	lead := mark
	for _, line := range safeLines(strings.TrimSpace(text)) {
		for _, l := range wrap(line, textWidth(d.width)-width(mark)) {
			out = append(out, lead+in(style, l))
			lead = strings.Repeat(" ", width(mark))
		}
	}
	return out
}

// mostSaid is how many lines of the user's own text are shown.
const mostSaid = 12

func (d drawing) user(text string) []string {
	lines := strings.Split(text, "\n")
	if over := len(lines) - mostSaid; over > 1 && !d.whole {
		text = strings.Join(lines[:mostSaid], "\n") + fmt.Sprintf("\n… %d lines more", over)
	}
	return d.labelled(in(blue, "› "), bold, text)
}

func (d drawing) thought(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return d.labelled(margin, faint+italic, text)
}

func (d drawing) notice(text string) []string  { return d.labelled(in(faint, "· "), faint, text) }
func (d drawing) problem(text string) []string { return d.labelled(in(red, "✖ "), "", text) }

// dot is the mark of an item that can fail.
func (d drawing) dot(i *agent.Item) string {
	switch {
	case d.spin != "":
		return in(yellow, d.spin)
	case i.Status == agent.Declined, i.Status == agent.Failed, i.Exit != nil && *i.Exit != 0:
		return in(red, "●")
	case i.Session != 0 && i.Exit == nil:
		return in(blue, "●")
	}
	return in(green, "●")
}

func (d drawing) command(i *agent.Item) []string {
	prompt := "$ "
	if i.ByUser {
		prompt = "! "
	}
	lines := safeLines(strings.TrimRight(i.Command, "\n"))
	out := []string{""}
	for n, line := range lines {
		if n == mostCommand && len(lines) > mostCommand+1 && !d.whole {
			out = append(out, in(faint, fmt.Sprintf("    … %d lines more", len(lines)-n)))
			break
		}
		lead := d.dot(i) + " " + in(faint, prompt)
		if n > 0 {
			lead = "    "
		}
		if !d.whole {
			line = cut(line, d.width-5)
		}
		out = append(out, lead+in(bold, line))
	}
	output := i.Output
	if i.Status == agent.Declined {
		output = i.Reason
	}
	return append(out, d.result(i, output)...)
}

func (d drawing) call(i *agent.Item) []string {
	head := d.dot(i) + " " + in(bold, Safe(i.Server)) + " " + Safe(i.Tool)
	if i.Arguments != "" && i.Arguments != "{}" {
		head += in(faint, " "+Safe(i.Arguments))
	}
	if !d.whole {
		head = cut(head, d.width-1)
	}
	return append([]string{"", head}, d.result(i, i.Output)...)
}

// result draws an output, folded, what the sandbox stood in the way of, and the end with
// the badge.
func (d drawing) result(i *agent.Item, output string) (out []string) {
	text := strings.TrimRight(strings.TrimLeft(printed(output), "\n"), "\n ")
	var lines []string
	if text != "" {
		lines = strings.Split(text, "\n")
	}
	if over := len(lines) - foldTo; over > 1 && !d.whole {
		out = append(out, in(faint, fmt.Sprintf("│ … %d lines more · ctrl-o shows all", over)))
		lines = lines[over:]
	}
	for _, line := range lines {
		line = safeLine(line)
		if !d.whole {
			line = cut(line, d.width-3)
		}
		out = append(out, in(faint, "│ ")+line)
	}
	for _, o := range i.Obstacles {
		for _, l := range wrap(Safe(strings.ReplaceAll(o, "\n", " ")), textWidth(d.width)-2) {
			out = append(out, in(faint, "│ ")+in(yellow, l))
		}
	}
	return append(out, d.last(i, ending(i), "done")...)
}

// last draws the lines with which an item ends: words and the badge, or other words where
// there are none. On a narrow terminal the badge has a line of its own.
func (d drawing) last(i *agent.Item, words, without string) []string {
	if d.spin != "" {
		words, without = fmt.Sprintf("%d s", i.Millis/1000), ""
	}
	proof := badgeOf(i.Sandbox).drawn()
	lead := in(faint, "└ ")
	switch {
	case proof == "" && words == "":
		return []string{lead + in(faint, without)}
	case proof == "":
		return []string{cut(lead+in(faint, words), d.width-1)}
	case words == "":
		return []string{cut(lead+proof, d.width-1)}
	}
	if one := lead + in(faint, words+" · ") + proof; width(one) < d.width {
		return []string{one}
	}
	return []string{cut(in(faint, "│ "+words), d.width-1), cut(lead+proof, d.width-1)}
}

func (d drawing) plan(i *agent.Item) []string {
	out := []string{"", in(bold, "● Plan")}
	for _, t := range i.Items {
		mark, style := "☐ ", ""
		if t.Completed {
			mark, style = "☑ ", faint
		}
		for n, l := range wrap(Safe(t.Text), textWidth(d.width)-4) {
			if n > 0 {
				mark = "  "
			}
			out = append(out, "  "+in(style, mark+l))
		}
	}
	return out
}
