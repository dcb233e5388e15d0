package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/internal/plain"
)

// execute puts a front end in our place, from the folder of our program, as git does with
// its subcommands: a linked front end would slow down every start. execute returns only
// after a failure.
func execute(name string, args []string) int {
	self, err := os.Executable() // the running program, not the program of PATH
	if err == nil {
		front := filepath.Join(filepath.Dir(self), name)
		err = syscall.Exec(front, append([]string{front}, args...), os.Environ())
		err = &os.PathError{Op: "execute", Path: front, Err: err}
	}
	plain.Err("lockstile: %v\n", err)
	if errors.Is(err, os.ErrNotExist) {
		plain.Err("hint: put %s beside lockstile: go build -o DIR ./cmd/...\n", name)
		return exitNoCmd
	}
	return exitFail
}
