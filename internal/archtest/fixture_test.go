package archtest

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A fixture is a small module in a text file:
//
//	the purpose, in words
//	order PKG: PKG...          a row; without any, all imports in the module are allowed
//	apart FROM TO
//	wing DIR: PKG...
//	noinit PKG
//	dep PATH ANSWER: PKG...    ANSWER is starts, never or unknown; without any, all are allowed
//	except FILE RULE: REASON
//	want FILE RULE             a finding without a line
//	-- name of a file --
//	the file's text; a line that must be flagged ends in "// want RULE..."
//
// The fixtures in testdata/RULE must break RULE, the fixtures in testdata/clean no rule.
// Exactly the wanted findings must come.
type fixture struct {
	files  fstest.MapFS
	tables Tables
	want   []string // FILE:LINE RULE
}

var (
	fileLine = regexp.MustCompile(`(?m)^-- (\S+) --\n`)
	wantMark = regexp.MustCompile(`// want ([a-z -]+)$`)
)

func parseFixture(text string) (*fixture, error) {
	f := &fixture{files: fstest.MapFS{}}
	heads := fileLine.FindAllStringSubmatchIndex(text, -1)
	if len(heads) == 0 {
		return nil, fmt.Errorf("no file in it")
	}
	for i, h := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		f.addFile(text[h[2]:h[3]], text[h[1]:end])
	}
	if f.files["go.mod"] == nil {
		f.addFile("go.mod", "module example.test/m\n")
	}
	for line := range strings.Lines(text[:heads[0][0]]) {
		if err := f.readHeader(strings.TrimSpace(line)); err != nil {
			return nil, err
		}
	}
	return f, f.fillTables()
}

func (f *fixture) addFile(name, text string) {
	f.files[name] = &fstest.MapFile{Data: []byte(text)}
	for i, line := range strings.Split(text, "\n") {
		if m := wantMark.FindStringSubmatch(line); m != nil {
			for rule := range strings.FieldsSeq(m[1]) {
				f.want = append(f.want, fmt.Sprintf("%s:%d %s", name, i+1, rule))
			}
		}
	}
}

func (f *fixture) readHeader(line string) error {
	head, rest, _ := strings.Cut(line, ":")
	words, rest := strings.Fields(head), strings.TrimSpace(rest)
	t := &f.tables
	switch {
	case len(words) == 2 && words[0] == "wing":
		t.Wings = append(t.Wings, Wing{words[1], rest})
	case len(words) == 0:
	case words[0] == "order" && len(words) == 2:
		t.Order = append(t.Order, Row{words[1], rest})
	case words[0] == "apart" && len(words) == 3:
		t.Apart = append(t.Apart, Apart{words[1], words[2], "kept apart"})
	case words[0] == "noinit" && len(words) == 2:
		t.NoInit = append(t.NoInit, words[1])
	case words[0] == "except" && len(words) == 3:
		t.Exceptions = append(t.Exceptions, Exception{words[1], words[2], rest})
	case words[0] == "want" && len(words) == 3:
		f.want = append(f.want, words[1]+":0 "+words[2])
	case words[0] == "dep" && len(words) == 3:
		answer, ok := map[string]Starts{"starts": StartsCan, "never": StartsNever, "unknown": StartsUnknown}[words[2]]
		if !ok {
			return fmt.Errorf("unknown answer in %q", line)
		}
		t.Dependencies = append(t.Dependencies, Dependency{words[1], answer, rest, "as the fixture says"})
	}
	return nil
}

// fillTables allows every import that the fixture doesn't mention: the fixture breaks
// only its own rule.
func (f *fixture) fillTables() error {
	tree, err := load(f.files)
	if err != nil {
		return err
	}
	noOrder, noDeps := len(f.tables.Order) == 0, len(f.tables.Dependencies) == 0
	importers := map[string][]string{}
	for pkg, files := range tree.packages {
		var imports []string
		for _, s := range files {
			for _, i := range s.imports {
				if dir, ok := tree.local(i.path); ok {
					imports = append(imports, dir)
				} else if otherModule(i.path) {
					importers[i.path] = append(importers[i.path], pkg)
				}
			}
		}
		if noOrder {
			f.tables.Order = append(f.tables.Order, Row{pkg, strings.Join(imports, " ")})
		}
	}
	for p, pkgs := range importers {
		if noDeps {
			f.tables.Dependencies = append(f.tables.Dependencies, Dependency{p, StartsCan, strings.Join(pkgs, " "), "allowed"})
		}
	}
	return nil
}

// try returns the findings of the fixture, and the errors of a fixture that must break
// rule ("clean": none).
func (f *fixture) try(rule string) (found []Finding, wrong []string) {
	found, err := Check(f.files, f.tables)
	if err != nil {
		return nil, []string{err.Error()}
	}
	var got []string
	for _, x := range found {
		key := fmt.Sprintf("%s:%d %s", x.File, x.Line, x.Rule)
		got = append(got, key)
		if !slices.Contains(f.want, key) {
			wrong = append(wrong, "not wanted: "+x.String())
		}
	}
	for _, w := range f.want {
		if !slices.Contains(got, w) {
			wrong = append(wrong, "not found: "+w)
		}
	}
	isRule := func(w string) bool { return strings.HasSuffix(w, " "+rule) }
	if rule != "clean" && !slices.ContainsFunc(f.want, isRule) {
		wrong = append(wrong, "wants no breach of its rule")
	}
	if rule == "clean" && len(f.want) > 0 {
		wrong = append(wrong, "wants a breach")
	}
	return found, wrong
}

// eachFixture parses every fixture and passes the fixture on with its folder's name.
func eachFixture(t *testing.T, do func(t *testing.T, rule string, f *fixture)) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, p := range paths {
		text, err := fs.ReadFile(os.DirFS("."), filepath.ToSlash(p))
		if err != nil {
			t.Fatal(err)
		}
		rule := path.Base(path.Dir(filepath.ToSlash(p)))
		t.Run(rule+"/"+strings.TrimSuffix(filepath.Base(p), ".txtar"), func(t *testing.T) {
			f, err := parseFixture(string(text))
			if err != nil {
				t.Fatal(err)
			}
			do(t, rule, f)
		})
	}
}
