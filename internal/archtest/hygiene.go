package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// hygiene checks habits: comments, names, length, and no hidden code before main in the
// packages that the launcher links.
func hygiene(t *tree, noInit []string) []Finding {
	var found []Finding
	for dir, files := range t.packages {
		if !slices.ContainsFunc(files, documented) {
			found = append(found, Finding{dir, 0, ruleComment, "no package comment: say what it is for and what it must never do"})
		}
		for _, s := range files {
			if s.lines > maxLines {
				found = append(found, Finding{s.name, 0, ruleLength, fmt.Sprintf("%d lines, at most %d: split it by reason to change", s.lines, maxLines)})
			}
			if word := emptyWord(s); word != "" {
				found = append(found, Finding{s.name, 0, ruleName, fmt.Sprintf("%q says nothing about what it does", word)})
			}
		}
	}
	for _, root := range noInit {
		if t.packages[root] == nil {
			found = append(found, Finding{root, 0, ruleStale, "no func init is asked of a package that isn't there"})
		}
		for _, dir := range t.links(root) {
			for _, s := range t.packages[dir] {
				found = append(found, s.inits(root)...)
			}
		}
	}
	return found
}

// documented requires a comment that go doc shows, not a stray line above the package
// clause.
func documented(s *source) bool {
	text := s.syntax.Doc.Text()
	return strings.HasPrefix(text, "Package "+s.syntax.Name.Name+" ") ||
		s.syntax.Name.Name == "main" && text != ""
}

func (s *source) inits(root string) []Finding {
	var found []Finding
	for _, d := range s.syntax.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, Finding{s.name, s.line(f.Pos()), ruleInit, root + " links this func init"})
		}
	}
	return found
}

// emptyWord returns the empty word in a file's path or package name, or "".
func emptyWord(s *source) string {
	names := strings.Split(strings.TrimSuffix(s.name, path.Ext(s.name)), "/")
	for _, name := range append(names, s.syntax.Name.Name) {
		for _, part := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("_-.", r) }) {
			for _, word := range emptyWords {
				if strings.HasSuffix(part, word) {
					return part
				}
			}
		}
	}
	return ""
}
