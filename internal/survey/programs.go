package survey

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

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
	shown := elsewhere{seen: map[string]fs.FileInfo{}}
	for _, r := range p.Roots() {
		if info, err := os.Stat(r.Path); err == nil {
			shown.roots = append(shown.roots, r.Path)
			shown.infos = append(shown.infos, info)
		}
	}
	for _, path := range paths {
		way, err := trail.Walk(path)
		decides := way.Links
		if err == nil { // a loop has no end, and its links are guarded
			decides = append(decides, way.End)
		}
		for _, name := range decides {
			for _, to := range append(shown.in(name), name) {
				if err := t.guard(lead{path, to}, p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// elsewhere tells where roots show a path that lies elsewhere: a root can be a bind mount.
type elsewhere struct {
	roots []string
	infos []fs.FileInfo
	seen  map[string]fs.FileInfo // folders, nil for what is none
}

// in gives a path as the roots show it that are a folder on its way under another name.
func (s *elsewhere) in(path string) (out []string) {
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		info, known := s.seen[at]
		if !known {
			info, _ = os.Stat(at)
			s.seen[at] = info
		}
		for i, root := range s.roots {
			if info != nil && at != root && os.SameFile(info, s.infos[i]) {
				out = append(out, filepath.Join(root, strings.TrimPrefix(path, at)))
			}
		}
		if at == filepath.Dir(at) {
			return out
		}
	}
}
