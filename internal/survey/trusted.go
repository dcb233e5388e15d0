// Package survey looks over the folders that a policy speaks of, before a start:
// which of their names programs of the host trust, and what of them may not be
// read. It must never change anything, follow a link out of what it was asked
// about, or leave out what it could not look at without saying so.
package survey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Trusted finds the names that programs of the host trust, in each writable root:
// what is there of them, which becomes read-only, and what isn't, which the end of
// the start takes back if it has come. Of the folders directly in a root it finds
// what is there, since checkouts lie side by side. Deeper ones would cost a walk of
// the whole tree at each start; links are left out, since a mount can't stand on
// one (docs/residuals.md).
func Trusted(p policy.Policy) (there []string, absent []host.Absent, err error) {
	all := literals(func(policy.Name) bool { return true })
	deep := literals(func(n policy.Name) bool { return !n.RootOnly })
	for _, root := range p.Roots() {
		info, err := os.Stat(root.Path)
		if err != nil {
			return nil, nil, cannotLook(root.Path, root.Path, err)
		}
		entries, err := list(root.Path)
		if err != nil {
			return nil, nil, cannotLook(root.Path, root.Path, err)
		}
		missing := slices.Clone(all)
		for _, e := range entries {
			path := filepath.Join(root.Path, e.Name())
			switch {
			case policy.IsProtected(e.Name(), true):
				missing = slices.DeleteFunc(missing, func(name string) bool { return name == e.Name() })
				if plain(e.Type()) {
					there = append(there, path)
				}
			case e.IsDir():
				within, err := protectedIn(path, deep)
				if err != nil {
					return nil, nil, cannotLook(root.Path, path, err)
				}
				there = append(there, within...)
			}
		}
		there = append(there, ownIn(root.Path, ownPrograms())...)
		absent = append(absent, host.Absent{Dir: root.Path, Mode: uint32(info.Mode().Perm()), Names: missing})
	}
	slices.Sort(there)
	return slices.Compact(there), absent, nil // a root may lie in another
}

// programNames are this product's, which may lie beside the running one.
var programNames = []string{"lockstile", "lockstile-mcp", "lockstile-runner"}

// ownPrograms are the programs that make starts: this one and those beside it. Who can
// replace one decides about the next start.
var ownPrograms = sync.OnceValue(func() []string {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return nil // it was removed: nobody can start it again
	}
	out, ending := []string{self}, ""
	if runtime.GOOS == "windows" {
		ending = ".exe"
	}
	for _, name := range programNames {
		if beside := filepath.Join(filepath.Dir(self), name+ending); beside != self {
			out = append(out, beside)
		}
	}
	return out
})

// ownIn lists those of the programs that are in a root.
func ownIn(root string, programs []string) (out []string) {
	for _, path := range programs {
		if !strings.HasPrefix(path, root+string(filepath.Separator)) {
			continue
		}
		if info, err := os.Lstat(path); err == nil && plain(info.Mode()) {
			out = append(out, path)
		}
	}
	return out
}

// protectedIn asks a folder of a root for each name, as the program that trusts
// it would: so the file system decides which spellings are that name, and a
// folder with many files costs no more. One that can't be looked into is
// protected as a whole: the command, as its owner, could open it for itself.
func protectedIn(dir string, names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		switch {
		case err == nil && plain(info.Mode()):
			out = append(out, path)
		case errors.Is(err, fs.ErrPermission):
			return []string{dir}, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return out, nil
}

// literals lists protected names, without the patterns: a folder can't be asked
// for one.
func literals(wanted func(policy.Name) bool) []string {
	var out []string
	for _, n := range policy.ProtectedNames() {
		if wanted(n) && !policy.HasGlob(n.Pattern) {
			out = append(out, n.Pattern)
		}
	}
	return out
}

// list is os.ReadDir without the sorting.
func list(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// plain leaves out links, on which no mount can stand, and what nobody trusts.
func plain(m fs.FileMode) bool { return m.IsDir() || m.IsRegular() }

func cannotLook(root, dir string, err error) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(root),
		Reason: fmt.Sprintf("the protected names in %s can't be looked for", dir),
		Hint:   "choose a folder that you may read", Err: err}
}
