package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// dependencies checks that every other module in use is classified, and imported only by
// packages of the table.
func dependencies(t *tree, table []Dependency) []Finding {
	found := unclassified(t, table)
	used := map[string]map[string]bool{} // module → our packages that import the module
	for pkg, files := range t.packages {
		for _, s := range files {
			for _, i := range s.imports {
				if _, local := t.local(i.path); local || !otherModule(i.path) {
					continue
				}
				d, ok := classify(table, i.path)
				if used[d.Path] == nil {
					used[d.Path] = map[string]bool{}
				}
				used[d.Path][pkg] = true
				switch {
				case !ok:
					found = append(found, Finding{s.name, i.line, ruleDependency, "no one has said whether " + i.path + " can start processes"})
				case !slices.Contains(strings.Fields(d.Importers), pkg):
					found = append(found, Finding{s.name, i.line, ruleDependency, fmt.Sprintf("%s may not import %s (%s)", pkg, d.Path, d.Why)})
				}
			}
		}
	}
	for _, d := range table {
		for importer := range strings.FieldsSeq(d.Importers) {
			if !used[d.Path][importer] {
				found = append(found, Finding{"go.mod", 0, ruleStale, fmt.Sprintf("%s no longer imports %s", importer, d.Path)})
			}
		}
	}
	return found
}

// unclassified compares the table with go.mod.
func unclassified(t *tree, table []Dependency) []Finding {
	var found []Finding
	for _, r := range t.requires {
		if _, ok := classify(table, r.path); r.direct && !ok {
			found = append(found, Finding{"go.mod", r.line, ruleDependency, "no one has said whether " + r.path + " can start processes"})
		}
	}
	for _, d := range table {
		required := slices.ContainsFunc(t.requires, func(r require) bool {
			return within(r.path, d.Path) || within(d.Path, r.path)
		})
		switch {
		case d.Starts == StartsUnknown || d.Why == "":
			found = append(found, Finding{"go.mod", 0, ruleDependency, d.Path + " is listed without an answer or a reason"})
		case d.Starts == StartsNever && !required:
			found = append(found, Finding{"go.mod", 0, ruleStale, d.Path + " is classified but no longer required"})
		}
	}
	return found
}

// classify returns the longest entry that covers an import path.
func classify(table []Dependency, importPath string) (best Dependency, ok bool) {
	for _, d := range table {
		if within(importPath, d.Path) && len(d.Path) > len(best.Path) {
			best, ok = d, true
		}
	}
	return best, ok
}

func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// otherModule reports whether an import path is another module's. The first path element
// of the standard library has no dot.
func otherModule(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return strings.Contains(first, ".")
}
