package archtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// order compares the imports between the module's packages with the table, in both
// directions: a used import must be allowed, an allowed import must be used.
func order(t *tree, rows []Row) []Finding {
	var found []Finding
	allowed := map[string][]string{}
	for _, r := range rows {
		if _, twice := allowed[r.Package]; twice {
			found = append(found, Finding{r.Package, 0, ruleStale, "two rows for one package"})
		}
		allowed[r.Package] = strings.Fields(r.Imports)
		if t.packages[r.Package] == nil {
			found = append(found, Finding{r.Package, 0, ruleStale, "a row for a package that isn't there"})
		}
	}
	for pkg, files := range t.packages {
		row, ok := allowed[pkg]
		used := map[string]bool{}
		for _, s := range files {
			for _, i := range s.imports {
				dir, local := t.local(i.path)
				if !local {
					continue
				}
				used[dir] = true
				if ok && !slices.Contains(row, dir) {
					found = append(found, Finding{s.name, i.line, ruleOrder, fmt.Sprintf("%s may not import %s", pkg, dir)})
				}
			}
		}
		if !ok {
			found = append(found, missingRow(pkg, used))
			continue
		}
		for _, dir := range row {
			if !used[dir] {
				found = append(found, Finding{pkg, 0, ruleStale, "the row allows an import of " + dir + ", which nothing uses"})
			}
		}
	}
	return found
}

func missingRow(pkg string, used map[string]bool) Finding {
	imports := strings.Join(slices.Sorted(maps.Keys(used)), " ")
	return Finding{pkg, 0, ruleOrder, fmt.Sprintf("no row for this package; if its imports fit the design, add {%q, %q}", pkg, imports)}
}

// apart guards the table against careless changes: the pairs hold even after a row was
// widened to mend a build.
func apart(t *tree, pairs []Apart) []Finding {
	var found []Finding
	for _, p := range pairs {
		if t.packages[p.From] == nil {
			found = append(found, Finding{p.From, 0, ruleStale, "a pair for a package that isn't there"})
		}
		for _, dir := range t.links(p.From) {
			for _, s := range t.packages[dir] {
				for _, i := range s.imports {
					if d, ok := t.local(i.path); i.path == p.To || ok && d == p.To {
						found = append(found, Finding{s.name, i.line, ruleApart,
							fmt.Sprintf("%s must not link %s: %s", p.From, p.To, p.Why)})
					}
				}
			}
		}
	}
	return found
}

// wings compares imports of the wings' packages with the list of enterers.
func wings(t *tree, all []Wing) []Finding {
	var found []Finding
	inside := func(dir string, w Wing) bool { return strings.HasPrefix(dir+"/", w.Dir+"/") }
	for _, w := range all {
		for pkg, files := range t.packages {
			if inside(pkg, w) || slices.Contains(strings.Fields(w.Enterers), pkg) {
				continue
			}
			for _, s := range files {
				for _, i := range s.imports {
					if dir, ok := t.local(i.path); ok && inside(dir, w) {
						found = append(found, Finding{s.name, i.line, ruleWing, fmt.Sprintf("%s may not enter %s", pkg, w.Dir)})
					}
				}
			}
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(t.packages)), func(pkg string) bool { return inside(pkg, w) }) {
			found = append(found, Finding{w.Dir, 0, ruleStale, "a wing that isn't there"})
		}
	}
	return found
}
