// Package archtest holds rules about the shape of the module that a compiler can't know:
// only the gate can start a process, packages import each other in a fixed order, and a
// few habits of naming and size. Package archtest reads the syntax of every Go file,
// under all build tags: thus a test on Linux also checks the Windows source.
//
// Package archtest must never run a tool (a rule that passes because its tool failed is
// no rule), never import anything of the product, and never be linked into the product.
//
// Syntax can't show four things: code that writes machine code into memory (needs unsafe,
// and unsafe has its own rule), bytes sent to another program that starts processes for
// us, the inside of a dependency (the dependency table says by hand which dependencies
// can start processes), and functions that a file with an exception hands on to others
// (therefore exceptions are few, and a person reads each exception).
package archtest

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
)

// Tables say what is allowed in a module.
type Tables struct {
	Order        []Row        // every package and what it may import
	Wings        []Wing       // the folders of one system each, and who may enter
	Apart        []Apart      // pairs that must stay unlinked whatever Order says
	NoInit       []string     // packages which, with all they link of the module, have no func init
	Dependencies []Dependency // other modules
	Exceptions   []Exception  // files that break a rule on purpose
}

// Row lists the imports of a package from its own module. Packages are named by their
// folder, the module's root is ".". Imports are separated by spaces.
type Row struct{ Package, Imports string }

// Wing is a folder with the packages of one system. Packages outside import nothing of a
// wing but those named in Enterers, which are separated by spaces; no wing imports another.
type Wing struct{ Dir, Enterers string }

// Apart says that From must not link To, directly or through others. To is a
// package of the module or any import path outside it.
type Apart struct{ From, To, Why string }

// Starts says whether a dependency offers its callers a way to start a process.
type Starts int

// The zero value is not an answer, and fails.
const (
	StartsUnknown Starts = iota
	StartsNever
	StartsCan
)

// Dependency classifies a module, or a part of a module: the longest Path wins. A
// dependency that can start processes may be listed before go.mod requires it, as a
// warning.
type Dependency struct {
	Path      string
	Starts    Starts
	Importers string // packages of the module that may import Path, separated by spaces
	Why       string
}

// Exception permits one file to break one rule.
type Exception struct{ File, Rule, Why string }

// Finding is a breach of a rule.
type Finding struct {
	File string // path from the module's root; a folder for a finding about a package
	Line int    // 0 for a finding without a line
	Rule string
	What string
}

func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: [%s] %s", f.File, f.Rule, f.What)
	}
	return fmt.Sprintf("%s:%d: [%s] %s", f.File, f.Line, f.Rule, f.What)
}

// Check reads the module at the root of fsys and returns every breach of t, sorted. An
// error means that the module could not be read, and is no pass.
func Check(fsys fs.FS, t Tables) ([]Finding, error) {
	tree, err := load(fsys)
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	named, err := documents(fsys, tree)
	if err != nil {
		return nil, fmt.Errorf("read the documents: %w", err)
	}
	found := slices.Concat(
		tree.findings, named, doors(tree), dependencies(tree, t.Dependencies), hygiene(tree, t.NoInit), public(tree))
	found = except(found, t.Exceptions)
	// These come after the exceptions: the order is changed in its own table,
	// with a reason, and never file by file.
	found = slices.Concat(found, order(tree, t.Order), wings(tree, t.Wings), apart(tree, t.Apart))
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(found), nil
}

// except removes the findings that exceptions permit, and adds a finding for each
// exception that permits nothing any more.
func except(found []Finding, exceptions []Exception) []Finding {
	var left []Finding
	used := make([]bool, len(exceptions))
	for _, f := range found {
		i := slices.IndexFunc(exceptions, func(e Exception) bool {
			return e.File == f.File && e.Rule == f.Rule && !slices.Contains(noExceptions, f.Rule)
		})
		if i < 0 {
			left = append(left, f)
			continue
		}
		used[i] = true
	}
	for i, e := range exceptions {
		if !used[i] {
			left = append(left, Finding{e.File, 0, ruleStale, "the exception for " + e.Rule + " is not needed: remove it"})
		}
		if e.Why == "" {
			left = append(left, Finding{e.File, 0, ruleStale, "the exception for " + e.Rule + " gives no reason"})
		}
	}
	return left
}
