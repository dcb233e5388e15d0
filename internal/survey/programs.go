package survey

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

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
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			out = append(out, path)
		}
	}
	return out
}
