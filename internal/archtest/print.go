package archtest

import (
	"go/ast"
	"go/token"
	"path"
	"strings"
)

// printer is the folder of the only printer for people.
const printer = "internal/plain"

// formats are the printer's functions with a format, each with the position of the format
// among the arguments. The printer shows values as text, and lets a format through: a
// format that the source doesn't spell out may hold a name from a hostile project.
var formats = map[string]int{"Sprintf": 0, "Out": 0, "Err": 0, "Line": 1}

// descriptors are the functions that reach standard output or standard error by number.
var descriptors = map[string]bool{"os.NewFile": true, "syscall.Write": true, xunix + ".Write": true}

// prints finds the ways to a person beside the printer that are no exported name: built-in
// functions, descriptors by number, and formats that are no constant text.
func (s *source) prints(module string) []Finding {
	var found []Finding
	add := func(n ast.Node, what string) {
		found = append(found, Finding{s.name, s.line(n.Pos()), rulePrint, what})
	}
	names := s.importNames()
	checked := map[ast.Node]bool{} // the functions of calls that are looked at
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := ast.Unparen(n.Fun).(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
				add(n, "call of "+f.Name)
			}
			name := names.qualified(n.Fun)
			if descriptors[name] && len(n.Args) > 0 && isStandard(n.Args[0]) {
				add(n, "use of a standard stream by "+name)
			}
			if at, ok := formatOf(name, module); ok && len(n.Args) > at && isText(n.Args[at]) {
				checked[ast.Unparen(n.Fun)] = true
			}
		case *ast.SelectorExpr:
			if _, ok := formatOf(names.qualified(n), module); ok && !checked[n] {
				add(n, "a format of "+n.Sel.Name+" that is no constant text")
			}
		}
		return true
	})
	return found
}

// importNames maps the file's names of packages to import paths.
type importNames map[string]string

func (s *source) importNames() importNames {
	names := importNames{}
	for _, i := range s.imports {
		name := i.alias
		if name == "" {
			name = path.Base(i.path)
		}
		names[name] = i.path
	}
	return names
}

// qualified returns the name of an imported function with its package's path, or "".
func (names importNames) qualified(e ast.Expr) string {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := ast.Unparen(sel.X).(*ast.Ident)
	if !ok || names[x.Name] == "" {
		return ""
	}
	return names[x.Name] + "." + sel.Sel.Name
}

// formatOf returns the position of the format if name is a function of the printer.
func formatOf(name, module string) (at int, ok bool) {
	f, ok := strings.CutPrefix(name, module+"/"+printer+".")
	if !ok {
		return 0, false
	}
	at, ok = formats[f]
	return at, ok
}

// isText reports whether an expression is text that the source spells out.
func isText(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		return e.Op == token.ADD && isText(e.X) && isText(e.Y)
	}
	return false
}

// isStandard reports whether an expression is 1 or 2, or a conversion of them.
func isStandard(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		return e.Kind == token.INT && (e.Value == "1" || e.Value == "2")
	case *ast.CallExpr:
		return len(e.Args) == 1 && isStandard(e.Args[0])
	}
	return false
}
