package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestModule(t *testing.T) {
	found, err := Check(os.DirFS("../.."), Lockstile())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func TestFixtures(t *testing.T) {
	eachFixture(t, func(t *testing.T, rule string, f *fixture) {
		_, wrong := f.try(rule)
		for _, w := range wrong {
			t.Error(w)
		}
	})
}

// TestEveryRuleCanFail checks that each rule has a fixture that breaks the rule, and that
// each folder of fixtures belongs to a rule.
func TestEveryRuleCanFail(t *testing.T) {
	broken := map[string]bool{}
	eachFixture(t, func(t *testing.T, rule string, f *fixture) {
		found, _ := f.try(rule)
		for _, x := range found {
			broken[rule] = broken[rule] || x.Rule == rule
		}
		broken[rule] = broken[rule] || rule == "clean"
	})
	rules := append(declaredRules(t), "clean")
	for _, r := range rules {
		if !broken[r] {
			t.Errorf("rule %q: no fixture in testdata/%s breaks it", r, r)
		}
	}
	for r := range broken {
		if !slices.Contains(rules, r) {
			t.Errorf("testdata/%s belongs to no rule", r)
		}
	}
}

// declaredRules reads the rules from their declaration: the tests can't miss a new rule.
func declaredRules(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "rule") {
			rule, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			rules = append(rules, rule)
		}
		return true
	})
	if len(rules) == 0 {
		t.Fatal("no rule found in rules.go")
	}
	return rules
}

// TestEveryPatternHasAFixture finds list entries that no fixture trips: a misspelt name
// would forbid nothing.
func TestEveryPatternHasAFixture(t *testing.T) {
	said := map[string]bool{}
	suffixes := map[string]bool{}
	var names []string
	eachFixture(t, func(t *testing.T, rule string, f *fixture) {
		found, _ := f.try(rule)
		for _, x := range found {
			said[x.What] = true
			if x.Rule == ruleForeignCode {
				suffixes[path.Ext(x.File)] = true
			}
			if x.Rule == ruleName {
				names = append(names, x.What)
			}
		}
	})
	for _, p := range forbiddenImports {
		if !said["import of "+p] {
			t.Errorf("no fixture imports %s", p)
		}
	}
	for _, d := range forbiddenDirectives {
		if !said["directive "+d] {
			t.Errorf("no fixture has the directive %s", d)
		}
	}
	for _, s := range foreignSuffixes {
		if !suffixes[s] {
			t.Errorf("no fixture has a %s file", s)
		}
	}
	for _, w := range emptyWords {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, w+`"`) }) {
			t.Errorf("no fixture has a name with %q", w)
		}
	}
	for _, f := range forbiddenNames {
		for pattern := range strings.FieldsSeq(f.names) {
			one := forbidden{f.rule, f.pkg, pattern}
			tripped := false
			for what := range said {
				name, ok := strings.CutPrefix(what, "use of "+f.pkg+".")
				tripped = tripped || ok && one.matches(name)
			}
			if !tripped {
				t.Errorf("no fixture uses %s.%s", f.pkg, pattern)
			}
		}
	}
}

// TestFixtureCanFail checks that the runner itself distinguishes a breach from a clean
// module.
func TestFixtureCanFail(t *testing.T) {
	const clean = "-- p/p.go --\n// Package p is p.\npackage p\n"
	const breach = "-- p/p.go --\n// Package p is p.\npackage p\n\nimport _ \"os/exec\"\n"
	const marked = "-- p/p.go --\n// Package p is p.\npackage p\n\nimport _ \"fmt\" // want exec-import\n"
	cases := []struct{ name, text, rule, want string }{
		{"breaks nothing", clean, ruleExecImport, "wants no breach"},
		{"breaks nothing though marked", marked, ruleExecImport, "not found"},
		{"breach in clean", breach, "clean", "not wanted"},
		{"breach not marked", breach, ruleExecImport, "not wanted"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, err := parseFixture(c.text)
			if err != nil {
				t.Fatal(err)
			}
			_, wrong := f.try(c.rule)
			if !strings.Contains(strings.Join(wrong, "\n"), c.want) {
				t.Errorf("got %q, want a complaint with %q", wrong, c.want)
			}
		})
	}
}

// TestKnownStarters imports each forbidden dependency.
func TestKnownStarters(t *testing.T) {
	tables := Lockstile()
	closed := 0
	for _, d := range tables.Dependencies {
		if d.Starts != StartsCan || d.Importers != "" {
			continue
		}
		closed++
		files := fstest.MapFS{
			"go.mod": {Data: []byte("module example.test/m\n")},
			"p/p.go": {Data: []byte("// Package p is p.\npackage p\n\nimport _ \"" + d.Path + "/v9/sub\"\n")},
		}
		found, err := Check(files, Tables{Order: []Row{{"p", ""}}, Dependencies: []Dependency{d}})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || found[0].Rule != ruleDependency {
			t.Errorf("%s: got %v, want one breach of %s", d.Path, found, ruleDependency)
		}
	}
	if closed == 0 {
		t.Error("no dependency is closed to everybody")
	}
}

func TestNoModule(t *testing.T) {
	for _, files := range []fstest.MapFS{
		{},
		{"go.mod": {Data: []byte("go 1.26\n")}},
	} {
		if found, err := Check(files, Tables{}); err == nil {
			t.Errorf("no module: got %v, want an error", found)
		}
	}
}
