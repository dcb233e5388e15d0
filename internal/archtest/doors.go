package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// doors finds every way in which code of the module itself could start a process, replace
// the image of a process, or reach a system call for either.
func doors(t *tree) []Finding {
	var found []Finding
	for _, name := range t.foreign {
		found = append(found, Finding{name, 0, ruleForeignCode, "go build compiles or links this file, and no rule can read it"})
	}
	for _, files := range t.packages {
		for _, s := range files {
			found = append(found, s.badImports()...)
			found = append(found, s.badNames()...)
			found = append(found, s.badDirectives()...)
			found = append(found, s.prints(t.module)...)
			found = append(found, s.bodyless()...)
		}
	}
	return found
}

func (s *source) badImports() []Finding {
	var found []Finding
	add := func(i imported, rule, what string) {
		found = append(found, Finding{s.name, i.line, rule, what})
	}
	for _, i := range s.imports {
		switch {
		case i.path == "C":
			add(i, ruleCgo, "import of C")
		case i.path == "unsafe":
			add(i, ruleUnsafe, "import of unsafe")
		case slices.Contains(forbiddenImports, i.path):
			add(i, ruleExecImport, "import of "+i.path)
		}
		if i.alias == "." {
			add(i, ruleDotImport, "dot import of "+i.path)
		}
	}
	return found
}

var majorVersion = regexp.MustCompile(`/v[0-9]+$`)

// guardedBy maps the file's names of guarded packages to the forbidden names of each
// package.
func (s *source) guardedBy() map[string][]forbidden {
	guards := map[string][]forbidden{}
	for _, i := range s.imports {
		pkg := majorVersion.ReplaceAllString(i.path, "")
		name := i.alias
		if name == "" {
			name = packageNames[pkg]
		}
		if name == "" {
			name = path.Base(pkg)
		}
		for _, f := range forbiddenNames {
			if f.pkg == pkg {
				guards[name] = append(guards[name], f)
			}
		}
	}
	return guards
}

// badNames looks at every pkg.Name, not only at calls: a function in a variable is as
// good as called. A variable that shadows the package is flagged too; renaming the
// variable costs nothing.
func (s *source) badNames() []Finding {
	guards := s.guardedBy()
	if len(guards) == 0 {
		return nil
	}
	var found []Finding
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := ast.Unparen(sel.X).(*ast.Ident)
		if !ok {
			return true
		}
		for _, f := range guards[x.Name] {
			if f.matches(sel.Sel.Name) {
				found = append(found, Finding{s.name, s.line(sel.Pos()), f.rule,
					fmt.Sprintf("use of %s.%s", f.pkg, sel.Sel.Name)})
			}
		}
		return true
	})
	return found
}

func (f forbidden) matches(name string) bool {
	for pattern := range strings.FieldsSeq(f.names) {
		if ok, err := path.Match(pattern, name); ok || err != nil {
			return true
		}
	}
	return false
}

// badDirectives reads comments as the compiler does: a directive counts at any
// indentation, but only in a // comment with no space after the slashes.
func (s *source) badDirectives() []Finding {
	var found []Finding
	for _, group := range s.syntax.Comments {
		for _, c := range group.List {
			for _, d := range forbiddenDirectives {
				if strings.HasPrefix(c.Text, d) {
					found = append(found, Finding{s.name, s.line(c.Pos()), ruleLinkname, "directive " + d})
				}
			}
		}
	}
	return found
}

func (s *source) bodyless() []Finding {
	var found []Finding
	for _, d := range s.syntax.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body == nil {
			found = append(found, Finding{s.name, s.line(f.Pos()), ruleForeignCode,
				fmt.Sprintf("func %s has no body: its code is elsewhere", f.Name.Name)})
		}
	}
	return found
}
