package usage

import (
	"fmt"
	"strings"
)

// width is how many columns help takes: the least of common terminals.
const width = 80

// Overview lists the commands, one line each.
func Overview() string {
	var b strings.Builder
	b.WriteString("lockstile starts commands for coding agents: confined, measured,\nrecorded, and only then run.\n\n")
	for _, c := range All() {
		if c.Name == "explain" || c.Name == "git" {
			continue // their words have lines of their own
		}
		fmt.Fprintf(&b, "  %-27s %s\n", c.Words(), c.Does)
	}
	b.WriteString("\nbegin with:\n  lockstile doctor            what this machine can enforce\n  lockstile run -- ls -la     a command in the sandbox\n  lockstile help run          the flags of a command\n")
	return b.String()
}

// Line returns the usage line of a command, in lines of the width.
func (c Command) Line() string {
	words := []string{"usage: " + c.Words()}
	for _, f := range c.Flags {
		words = append(words, "["+strings.TrimSpace(f.Spelled()+" "+f.Arg)+"]")
	}
	if c.Args != "" {
		words = append(words, c.Args)
	}
	return fill(words, strings.Repeat(" ", 11))
}

// fill joins words with spaces to lines of the width; the lines behind the first are
// indented.
func fill(words []string, indent string) string {
	var b strings.Builder
	at := 0
	for i, w := range words {
		switch {
		case i == 0:
		case at+1+len([]rune(w)) > width:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(w)
		at += len([]rune(w))
	}
	return b.String() + "\n"
}

// paragraph indents a text from the second line on.
func paragraph(head, text string, indent int) string {
	words := strings.Fields(text)
	if pad := indent - len(head); pad > 0 {
		head += strings.Repeat(" ", pad)
	} else {
		head += "\n" + strings.Repeat(" ", indent)
	}
	if len(words) == 0 {
		return strings.TrimRight(head, " ") + "\n"
	}
	lines := fill(append([]string{strings.Repeat(" ", indent) + words[0]}, words[1:]...), strings.Repeat(" ", indent))
	return head + lines[indent:]
}

// Help explains a command.
func (c Command) Help() string {
	var b strings.Builder
	b.WriteString(strings.ToUpper(c.Does[:1]) + c.Does[1:] + ".\n\n" + c.Line())
	if len(c.Flags) > 0 {
		b.WriteString("\n")
	}
	for _, f := range c.Flags {
		b.WriteString(paragraph("  "+strings.TrimSpace(f.Spelled()+" "+f.Arg), f.Does, 20))
	}
	if words := Below(c.Name); c.Name != "" && len(words) > 0 {
		b.WriteString("\n")
		for _, word := range words {
			below, _ := Find(c.Name + " " + word)
			b.WriteString(paragraph("  "+word, below.Does, 20))
		}
	}
	if c.More != "" {
		b.WriteString("\n" + fill(strings.Fields(c.More), ""))
	}
	if len(c.Exits) > 0 {
		b.WriteString("\nexit code:\n")
		for _, e := range append([]Exit{{"0", "done"}}, append(c.Exits, Exit{"2", "the command line makes no sense"})...) {
			if e.Code == "0" && c.Name == "run" {
				continue
			}
			b.WriteString(paragraph("  "+e.Code, e.Means, 10))
		}
	}
	for i, try := range c.Tries {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("  " + try[0] + "\n      " + try[1] + "\n")
	}
	return b.String()
}
