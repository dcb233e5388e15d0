package lockstile

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// makeRoots makes the writable roots that are to be made, for the user alone. A root that
// another folder has come in place of is refused: the configuration judged the first.
func makeRoots(p policy.Policy) error {
	for _, r := range p.Roots() {
		if !r.Make {
			continue
		}
		err := os.MkdirAll(r.Path, 0o700)
		if err == nil {
			var real string
			if real, err = filepath.EvalSymlinks(r.Path); err == nil && real != r.Path {
				err = fmt.Errorf("a link leads to %s", real)
			}
		}
		if err != nil {
			return &refusal.Error{Code: refusal.CodeConfig, Stage: refusal.StageConfig, Reason: fmt.Sprintf("the writable root %q could not be made", r.Path), Err: err,
				Hint: "make the folder yourself, or take it out of sandbox_workspace_write.writable_roots"}
		}
	}
	return nil
}
