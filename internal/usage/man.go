package usage

import (
	"fmt"
	"strings"
)

// Page returns the man page of a command, in the form of man(7). version is of lockstile.
func (c Command) Page(version string) string {
	var b strings.Builder
	name := c.PageName()
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"lockstile %s\" \"User Commands\"\n", strings.ToUpper(name), roff(version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(c.Does))
	b.WriteString(".SH SYNOPSIS\n.B " + roff(c.Words()) + "\n")
	for _, f := range c.Flags {
		fmt.Fprintf(&b, "[\\fB%s\\fR%s]\n", roff(f.Spelled()), value(f))
	}
	if c.Args != "" {
		b.WriteString(roff(c.Args) + "\n")
	}
	if c.More != "" {
		b.WriteString(".SH DESCRIPTION\n" + roff(c.More) + "\n")
	}
	if c.Name == "" {
		b.WriteString(".SH COMMANDS\n")
		for _, other := range All()[1:] {
			fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roff(other.PageName()), roff(other.Does))
		}
	}
	section(&b, "OPTIONS", len(c.Flags), func(i int) (string, string) {
		return "\\fB" + roff(c.Flags[i].Spelled()) + "\\fR" + value(c.Flags[i]), c.Flags[i].Does
	})
	section(&b, "EXIT STATUS", len(c.Exits), func(i int) (string, string) { return roff(c.Exits[i].Code), c.Exits[i].Means })
	section(&b, "EXAMPLES", len(c.Tries), func(i int) (string, string) { return roff(c.Tries[i][0]), c.Tries[i][1] })
	b.WriteString(".SH FILES\n.TP\n.I ~/.lockstile/config.toml\nthe settings; \\fBlockstile init\\fR writes them, each with its default\n.TP\n.I ~/.lockstile/sandbox.log\nthe record of each start\n")
	if c.Name != "" {
		b.WriteString(".SH SEE ALSO\n.BR lockstile (1)\n")
	}
	return b.String()
}

// PageName is the name of the man page of a command.
func (c Command) PageName() string { return strings.ReplaceAll(c.Words(), " ", "-") }

func section(b *strings.Builder, title string, n int, entry func(int) (head, text string)) {
	for i := range n {
		if i == 0 {
			b.WriteString(".SH " + title + "\n")
		}
		head, text := entry(i)
		fmt.Fprintf(b, ".TP\n%s\n%s\n", head, roff(text))
	}
}

func value(f Flag) string {
	if f.Arg == "" {
		return ""
	}
	return " \\fI" + roff(f.Arg) + "\\fR"
}

// roff escapes what has a meaning for troff.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
