package gate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// protectedPaths lists what is there of the names that programs of the host
// trust, in each writable root and in the folders directly in it, where
// checkouts lie side by side. Deeper ones would cost a walk of the whole tree at
// each start; links are left out, since a mount can't stand on one
// (docs/residuals.md).
func protectedPaths(p policy.Policy) ([]string, error) {
	var out []string
	for _, root := range p.Roots() {
		entries, err := list(root.Path)
		if err != nil {
			return nil, cannotLook(root.Path, root.Path, err)
		}
		for _, e := range entries {
			path := filepath.Join(root.Path, e.Name())
			switch {
			case trusted(e, true):
				out = append(out, path)
			case e.IsDir():
				within, err := protectedIn(path)
				if err != nil {
					return nil, cannotLook(root.Path, path, err)
				}
				out = append(out, within...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil // a root may lie in another
}

// protectedIn looks into a folder of a root. One that can't be looked into is
// protected as a whole: the command, as its owner, could open it for itself.
func protectedIn(dir string) ([]string, error) {
	entries, err := list(dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []string{dir}, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil // gone since
	case err != nil:
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if trusted(e, false) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
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

func trusted(e fs.DirEntry, atRoot bool) bool {
	return (e.IsDir() || e.Type().IsRegular()) && policy.IsProtected(e.Name(), atRoot)
}

func cannotLook(root, dir string, err error) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(root),
		Reason: fmt.Sprintf("the protected names in %s can't be looked for", dir),
		Hint:   "choose a folder that you may read", Err: err}
}
