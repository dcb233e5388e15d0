package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// public checks the public names of the module: no two packages declare the same public
// name, and no public declaration mentions a type that users can't import.
func public(t *tree) []Finding {
	var found []Finding
	declared := map[string]string{} // name → package
	for _, dir := range publicPackages(t) {
		for _, s := range t.packages[dir] {
			for _, d := range publicDecls(s) {
				if other, ok := declared[d.name]; ok && other != dir && !d.method {
					found = append(found, Finding{s.name, s.line(d.node.Pos()), rulePublic, fmt.Sprintf("%s has a %s too", other, d.name)})
				}
				if !d.method {
					declared[d.name] = dir
				}
				found = append(found, s.hiddenTypes(d.node)...)
			}
		}
	}
	return found
}

// publicPackages lists the folders of packages that other modules may import.
func publicPackages(t *tree) []string {
	var out []string
	for dir, files := range t.packages {
		if !slices.Contains(strings.Split(dir, "/"), "internal") && files[0].syntax.Name.Name != "main" {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out
}

// declaration is a public name, with the public part of its syntax.
type declaration struct {
	name   string
	node   ast.Node
	method bool
}

// publicDecls lists the public types, functions and methods of a file.
func publicDecls(s *source) []declaration {
	var out []declaration
	for _, d := range s.syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
				out = append(out, declaration{d.Name.Name, d.Type, d.Recv != nil})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.IsExported() {
					out = append(out, declaration{spec.Name.Name, spec.Type, false})
				}
			}
		}
	}
	return out
}

func exportedReceiver(fields *ast.FieldList) bool {
	exported := false
	ast.Inspect(fields, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.IsExported() {
			exported = true
		}
		return true
	})
	return exported
}

// hiddenTypes finds types of internal packages in the public part of a declaration.
func (s *source) hiddenTypes(node ast.Node) []Finding {
	var found []Finding
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if len(n.Names) > 0 && !slices.ContainsFunc(n.Names, (*ast.Ident).IsExported) && isStructField(node, n) {
				return false
			}
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && s.importsInternal(id.Name) {
				found = append(found, Finding{s.name, s.line(n.Pos()), rulePublic, fmt.Sprintf("%s.%s is a type that users can't import", id.Name, n.Sel.Name)})
			}
		}
		return true
	})
	return found
}

// isStructField distinguishes fields of a struct from parameters: names of parameters are
// never public.
func isStructField(node ast.Node, field *ast.Field) bool {
	in := false
	ast.Inspect(node, func(n ast.Node) bool {
		if st, ok := n.(*ast.StructType); ok && slices.Contains(st.Fields.List, field) {
			in = true
		}
		return !in
	})
	return in
}

// importsInternal reports whether a name in a file means an internal package.
func (s *source) importsInternal(name string) bool {
	return slices.ContainsFunc(s.imports, func(i imported) bool {
		alias := i.alias
		if alias == "" {
			alias = path.Base(i.path)
		}
		return alias == name && slices.Contains(strings.Split(i.path, "/"), "internal")
	})
}
