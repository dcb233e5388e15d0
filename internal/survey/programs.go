package survey

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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
