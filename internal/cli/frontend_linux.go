package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/internal/plain"
)

const mcpUse = "mcp [--sandbox MODE] [-C DIR] [-c KEY=VALUE] [--profile NAME]"

// serveMCP executes the front end in the folder of our program, as git does with its
// subcommands: a linked front end would slow down every start. serveMCP returns only
// after a failure.
func serveMCP(args []string) int {
	self, err := os.Executable() // the running program, not the program of PATH
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
