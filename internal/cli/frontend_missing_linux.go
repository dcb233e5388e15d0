package cli

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

// sayMissing names the missing front end, where lockstile looked, and the line that puts
// the front end there.
func sayMissing(front string) {
	where, line := fetchLine(front, mainModule())
	plain.Err("lockstile: %s is missing: lockstile looks for it as %s\nhint: %s%s\n", filepath.Base(front), front, where, line)
}

// fetchLine returns the line of a shell that puts a front end in its place, of the version
// of the running program, and where the line works. Only the version of a release, or a
// version that Go has downloaded (then there is a sum), can be downloaded.
func fetchLine(front string, main debug.Module) (where, line string) {
	dir, name := filepath.Split(front)
	released := main.Version != "" && !strings.ContainsAny(main.Version, "-+(")
	if main.Sum != "" || released {
		return "", fmt.Sprintf("GOBIN=%s CGO_ENABLED=0 go install %s/cmd/%s@%s", plain.ShellWord(filepath.Clean(dir)), main.Path, name, main.Version)
	}
	return "in a checkout of lockstile: ", fmt.Sprintf("CGO_ENABLED=0 go build -o %s ./cmd/%s", plain.ShellWord(dir), name)
}
