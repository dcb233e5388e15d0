package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/internal/plain"
)

const mcpUse = "mcp [--sandbox MODE] [-C DIR] [-c KEY=VALUE] [--profile NAME]"

// serveMCP becomes the front end that lies beside this program, as git becomes
// its own: linked in here, it would slow every start down. It returns only when
// it could not.
func serveMCP(args []string) int {
	self, err := os.Executable() // what runs, not what PATH has
	if err == nil {
		front := filepath.Join(filepath.Dir(self), "lockstile-mcp")
		err = syscall.Exec(front, append([]string{front}, args...), os.Environ())
		err = &os.PathError{Op: "execute", Path: front, Err: err}
	}
	plain.Err("lockstile: %v\n", err)
	if errors.Is(err, os.ErrNotExist) {
		plain.Err("hint: put lockstile-mcp beside lockstile: go build -o DIR ./cmd/...\n")
		return exitNoCmd
	}
	return exitFail
}
