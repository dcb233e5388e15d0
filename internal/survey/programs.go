package survey

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// ProgramNames are this product's, which may lie beside the running one. A program that
// isn't there is as good as one that is: who makes it decides what `lockstile mcp` runs.
var ProgramNames = []string{"lockstile", "lockstile-mcp", "lockstile-runner"}

// ownPrograms are the programs that make starts: this one and those beside it. Who can
// replace one decides about the next start.
func ownPrograms() []string {
	self, err := os.Executable()
	if err != nil {
		return nil // nobody can tell what would be beside it
	}
	out, ending := []string{self}, ""
	if runtime.GOOS == "windows" {
		ending = ".exe"
	}
	for _, name := range ProgramNames {
		if beside := filepath.Join(filepath.Dir(self), name+ending); beside != self {
			out = append(out, beside)
		}
	}
	return out
}

// guardWays guards what decides about the next start, where that lies in a writable
// root: each path's end, and each link on its way. What isn't there must not come to be.
func (t *Trusted) guardWays(paths []string, p policy.Policy) error {
	for _, path := range paths {
		way, err := trail.Walk(path)
		for _, link := range way.Links {
			if err := t.guard(lead{path, link}, p); err != nil {
				return err
			}
		}
		if err != nil {
			continue // it leads nowhere, and what would change that is guarded
		}
		if err := t.guard(lead{path, way.End}, p); err != nil {
			return err
		}
	}
	return nil
}
