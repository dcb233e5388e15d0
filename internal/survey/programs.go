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

// ProgramNames are the product's programs, which may lie beside the running program. An
// absent program counts like a present program: whoever makes the file decides what
// `lockstile mcp` runs.
var ProgramNames = []string{"lockstile", "lockstile-agent", "lockstile-mcp", "lockstile-runner"}

// ownPrograms are the programs that make starts: the running program and the others
// beside it. Whoever can replace a program decides about the next start.
func ownPrograms() []string {
	self, err := os.Executable()
	if err != nil {
		return nil // the folder of the programs is unknown
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

// guardWays guards the files that decide about the next start, if the files lie in a
// writable root: each path's end, and each link on the way. An absent file must not
// appear.
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
		if err == nil { // a loop has no end, and the links of the loop are guarded
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

// elsewhere finds where roots show a path from outside: a root can be a bind mount.
type elsewhere struct {
	roots []string
	infos []fs.FileInfo
	seen  map[string]fs.FileInfo // folders by path; nil for no folder
}

// in returns the path's names in the roots that show a folder on the path's way under
// another name.
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
