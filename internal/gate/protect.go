package gate

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// protectedPaths lists what is there, directly in a writable root, of the names
// that programs of the host trust. Links are left out: a mount can't stand on
// one (docs/residuals.md).
func protectedPaths(p policy.Policy) ([]string, error) {
	var out []string
	for _, root := range p.Roots() {
		entries, err := os.ReadDir(root.Path)
		if err != nil {
			return nil, &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(root.Path),
				Reason: fmt.Sprintf("the protected names in %s can't be looked for", root.Path),
				Hint:   "choose a folder that you may read", Err: err}
		}
		for _, e := range entries {
			plain := e.IsDir() || e.Type().IsRegular()
			if plain && policy.IsProtected(e.Name(), true) {
				out = append(out, filepath.Join(root.Path, e.Name()))
			}
		}
	}
	return out, nil
}
