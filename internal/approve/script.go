package approve

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shells lists the shells that read the accepted scripts alike: a test runs them.
var shells = []string{"bash", "dash", "mksh", "sh", "zsh"}

// maxScript bounds the length of a parsed script, in bytes. The parser goes one call
// deeper with each parenthesis, and a stack that grows without end ends the program.
const maxScript = 4096

// Script reports whether a script, read by a shell, does nothing but look: simple known
// commands, joined by |, &&, ||, ; and line ends, of literal words. Each shell reads the
// parser's language a little differently. Script refuses the differences: comments,
// backslashes, characters outside of ASCII, and outside of quotes all characters with a
// meaning in any shell.
func Script(shell, text string) bool {
	if len(text) > maxScript || !slices.Contains(shells, path.Base(shell)) || strings.ContainsFunc(text, odd) {
		return false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	return err == nil && len(file.Stmts) > 0 && plainOutside(text, file) && allOf(file.Stmts)
}

// odd reports whether a character isn't printed: shells differ about blanks, and a few
// shells use other bytes internally.
func odd(r rune) bool { return (r < ' ' || r > '~') && r != '\n' && r != '\t' }

// outside lists the permitted characters between quoted strings.
const outside = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,%+@~=- \t\n;|&"

// plainOutside reports whether only characters of outside stand between quoted strings.
func plainOutside(text string, file *syntax.File) bool {
	at, plain := 0, true
	quoted := func(from, to syntax.Pos) {
		plain = plain && strings.Trim(text[at:from.Offset()], outside) == ""
		at = int(to.Offset())
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.SglQuoted:
			quoted(n.Pos(), n.End())
		case *syntax.DblQuoted:
			quoted(n.Pos(), n.End())
			return false
		}
		return true
	})
	return plain && strings.Trim(text[at:], outside) == ""
}

func allOf(stmts []*syntax.Stmt) bool {
	for _, s := range stmts {
		if s.Background || s.Coprocess || s.Disown || s.Negated || len(s.Redirs) > 0 || !safeCommand(s.Cmd) {
			return false
		}
	}
	return true
}

func safeCommand(c syntax.Command) bool {
	switch c := c.(type) {
	case *syntax.BinaryCmd:
		joined := c.Op == syntax.AndStmt || c.Op == syntax.OrStmt || c.Op == syntax.Pipe
		return joined && allOf([]*syntax.Stmt{c.X, c.Y})
	case *syntax.CallExpr:
		argv, ok := literals(c)
		return ok && Argv(argv)
	}
	return false
}

// literals returns the words of a command, if no shell expands the words.
func literals(c *syntax.CallExpr) ([]string, bool) {
	if len(c.Assigns) > 0 || len(c.Args) == 0 {
		return nil, false
	}
	var out []string
	for _, w := range c.Args {
		text, ok := literal(w.Parts)
		first, bare := w.Parts[0].(*syntax.Lit)
		expands := bare && strings.ContainsRune("~=", rune(first.Value[0])) // a home; in zsh, a program's path
		// With set -k, a shell takes x=y for an assignment anywhere in a command.
		assigns := bare && first.Value[0] != '-' && strings.Contains(first.Value, "=")
		if !ok || expands || assigns {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}

func literal(parts []syntax.WordPart) (string, bool) {
	var b strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			if strings.Contains(p.Value, "=~") || strings.Contains(p.Value, ":~") {
				return "", false // a few shells expand ~ to a home here
			}
			b.WriteString(p.Value)
		case *syntax.SglQuoted:
			if p.Dollar {
				return "", false
			}
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			text, ok := inDoubleQuotes(p)
			if !ok {
				return "", false
			}
			b.WriteString(text)
		default:
			return "", false
		}
	}
	return b.String(), true
}

// inDoubleQuotes returns the text of a string without expansions and escapes.
func inDoubleQuotes(q *syntax.DblQuoted) (string, bool) {
	if q.Dollar || len(q.Parts) > 1 {
		return "", false
	}
	if len(q.Parts) == 0 {
		return "", true
	}
	lit, ok := q.Parts[0].(*syntax.Lit)
	if !ok || strings.ContainsAny(lit.Value, "\\$`!") {
		return "", false
	}
	return lit.Value, true
}
