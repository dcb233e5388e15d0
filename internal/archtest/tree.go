package archtest

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// tree is the source of a module, all build tags together.
type tree struct {
	module    string    // module path
	requires  []require // of go.mod
	packages  map[string][]*source
	documents []string  // files of Markdown
	foreign   []string  // files other than Go in a build
	findings  []Finding // findings made while reading
}

// source is a Go file that is not a test.
type source struct {
	name    string // path from the module's root
	lines   int
	fset    *token.FileSet
	syntax  *ast.File
	imports []imported
}

// imported is an import of a file.
type imported struct {
	path  string
	alias string // "" for an import without an alias
	line  int
}

// line ignores //line comments: otherwise a file could pose as another file.
func (s *source) line(p token.Pos) int { return s.fset.PositionFor(p, false).Line }

// load reads the module at the root of fsys. Folders named testdata are left out: an
// import of a package inside breaks the order.
func load(fsys fs.FS) (*tree, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	t := &tree{packages: map[string][]*source{}}
	t.readMod(mod)
	if t.module == "" {
		return nil, errors.New("go.mod names no module")
	}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return t.enter(name)
		}
		return t.addFile(fsys, name)
	})
	if err == nil && len(t.packages) == 0 {
		t.findings = append(t.findings, Finding{".", 0, ruleEmpty, "no package found"})
	}
	return t, err
}

func (t *tree) enter(dir string) error {
	switch path.Base(dir) {
	case ".git", "testdata":
		return fs.SkipDir
	case "vendor":
		t.findings = append(t.findings, Finding{dir, 0, ruleModule, "a vendor folder replaces the dependencies that were classified"})
		return fs.SkipDir
	}
	return nil
}

func (t *tree) addFile(fsys fs.FS, name string) error {
	base := path.Base(name)
	switch {
	case base == "go.mod" && name != "go.mod":
		t.findings = append(t.findings, Finding{name, 0, ruleModule, "a module inside this one has its own imports and build"})
	case base == "go.work":
		t.findings = append(t.findings, Finding{name, 0, ruleModule, "a workspace replaces the dependencies that were classified"})
	case slices.Contains(foreignSuffixes, path.Ext(base)):
		t.foreign = append(t.foreign, name)
	case path.Ext(base) == ".md":
		t.documents = append(t.documents, name)
	case path.Ext(base) == ".go" && !strings.HasSuffix(base, "_test.go"):
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		t.addSource(name, text)
	}
	return nil
}

func (t *tree) addSource(name string, text []byte) {
	s := &source{name: name, lines: bytes.Count(text, []byte("\n")), fset: token.NewFileSet()}
	var err error
	s.syntax, err = parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.findings = append(t.findings, Finding{name, 0, ruleSyntax, err.Error()})
		return
	}
	for _, spec := range s.syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value) // "os\u002fexec" is os/exec
		if err != nil {
			t.findings = append(t.findings, Finding{name, s.line(spec.Pos()), ruleSyntax, err.Error()})
			continue
		}
		i := imported{path: p, line: s.line(spec.Pos())}
		if spec.Name != nil {
			i.alias = spec.Name.Name
		}
		s.imports = append(s.imports, i)
	}
	dir := path.Dir(name)
	t.packages[dir] = append(t.packages[dir], s)
}

// local returns the folder of our package with an import path.
func (t *tree) local(importPath string) (dir string, ok bool) {
	if importPath == t.module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.module+"/")
}

// links returns every package of the module that the program of dir contains, with dir.
func (t *tree) links(dir string) []string {
	seen := []string{dir}
	for i := 0; i < len(seen); i++ {
		for _, s := range t.packages[seen[i]] {
			for _, imp := range s.imports {
				if d, ok := t.local(imp.path); ok && !slices.Contains(seen, d) {
					seen = append(seen, d)
				}
			}
		}
	}
	return seen
}

// require is a requirement of go.mod.
type require struct {
	path   string
	line   int
	direct bool
}

// readMod reads the parts of go.mod for the rules: the module's path, its requirements,
// and replace directives, since a replacement changes a classified path.
func (t *tree) readMod(text []byte) {
	block := ""
	for i, line := range strings.Split(string(text), "\n") {
		code, comment, _ := strings.Cut(line, "//")
		words := strings.Fields(code)
		if len(words) == 0 {
			continue
		}
		if words[0] == ")" {
			block = ""
			continue
		}
		if len(words) > 1 && words[1] == "(" {
			block = words[0]
			continue
		}
		if block != "" {
			words = append([]string{block}, words...)
		}
		t.readDirective(words, i+1, !strings.HasPrefix(strings.TrimSpace(comment), "indirect"))
	}
}

func (t *tree) readDirective(words []string, line int, direct bool) {
	if len(words) < 2 {
		return
	}
	target := strings.Trim(words[1], "\"`")
	switch words[0] {
	case "module":
		t.module = target
	case "require":
		t.requires = append(t.requires, require{target, line, direct})
	case "replace":
		t.findings = append(t.findings, Finding{"go.mod", line, ruleModule,
			fmt.Sprintf("%s is replaced: its classification may not hold", target)})
	}
}
