// Package archtest holds the rules about the shape of this module that a
// compiler can't know: only the gate can start a process, packages import each
// other in one order, and a few habits of naming and size. It reads the syntax
// of every Go file, whatever its build tags, so that the Windows source is
// checked on Linux too.
//
// It must never run a tool (a rule that passes because its tool failed is no
// rule), never import anything of the product, and never be linked into it.
//
// What syntax can't show: code that writes machine code into memory (it needs
// unsafe, which has its own rule), bytes sent to another program that starts
// processes for us, what a dependency does inside (the dependency table says by
// hand which of them can start processes), and what a file with an exception
// hands on to others (so exceptions are few, and each one is read).
package archtest

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
)

// Tables is what is allowed in one module.
type Tables struct {
	Order        []Row        // every package and what it may import
	Apart        []Apart      // pairs that must stay unlinked whatever Order says
	NoInit       []string     // packages which, with all they link of the module, have no func init
	Dependencies []Dependency // other modules
	Exceptions   []Exception  // files that break a rule on purpose
}

// Row says what one package may import of its own module. Packages are named by
// their folder, the module's root is ".". Imports are separated by spaces.
type Row struct{ Package, Imports string }

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

// Dependency classifies a module, or a part of one: the longest Path wins. One
// that can start processes may be listed before it is required, so that nobody
// takes it up unaware.
type Dependency struct {
	Path      string
	Starts    Starts
	Importers string // packages of the module that may import it, separated by spaces
	Why       string
}

// Exception permits one file to break one rule.
type Exception struct{ File, Rule, Why string }

// Finding is one breach.
type Finding struct {
	File string // path from the module's root; a folder where a whole package is meant
	Line int    // 0 where no line is meant
	Rule string
	What string
}

func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: [%s] %s", f.File, f.Rule, f.What)
	}
	return fmt.Sprintf("%s:%d: [%s] %s", f.File, f.Line, f.Rule, f.What)
}

// Check reads the module at the root of fsys and returns every breach of t,
// sorted. An error means that the module could not be read, which is no pass.
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
		tree.findings, named, doors(tree), dependencies(tree, t.Dependencies), hygiene(tree, t.NoInit))
	found = except(found, t.Exceptions)
	// These come after the exceptions: the order is changed in its own table,
	// with a reason, and never file by file.
	found = slices.Concat(found, order(tree, t.Order), apart(tree, t.Apart))
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(found), nil
}

// except takes out what the exceptions permit, and adds a finding for each
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
