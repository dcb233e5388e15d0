package survey

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/lockstile/lockstile/internal/trail"
)

// ProgramNames are the product's programs, which may lie beside the running program. An
// absent program counts like a present program: whoever makes the file decides what
// `lockstile mcp` runs.
var ProgramNames = []string{"lockstile", "lockstile-agent", "lockstile-mcp", "lockstile-net", "lockstile-runner"}

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

// elsewhere finds where roots show a path from outside: a root can be a bind mount.
type elsewhere struct {
	roots   []string
	infos   []fs.FileInfo
	seen    map[string]fs.FileInfo // folders by path; nil for no folder
	aliases []alias
}

// alias is a folder of the machine that shows a folder of a root.
type alias struct{ at, shows string }

// in returns the path's names in the roots that show the path, or a folder on the path's way,
// under another name.
func (s *elsewhere) in(path string) (out []string) {
	for _, a := range s.aliases {
		if trail.Within(path, a.at) && same(a.at, a.shows) {
			out = append(out, filepath.Join(a.shows, strings.TrimPrefix(path, a.at)))
		}
	}
	for at := path; ; at = filepath.Dir(at) {
		info, known := s.seen[at]
		if !known {
			info, _ = os.Lstat(at) // no link is on the way
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

// same reports whether two paths are one file.
func same(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
