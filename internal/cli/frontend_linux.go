package cli

import (
	"errors"
	"os"
	"syscall"

	"github.com/lockstile/lockstile/internal/beside"
	"github.com/lockstile/lockstile/internal/plain"
)

// execute puts a front end in our place, from the folder of our program, as git does with
// its subcommands: a linked front end would slow down every start. execute returns only
// after a failure.
func execute(name string, args []string) int {
	front, err := beside.Program(name)
	if err == nil {
		err = syscall.Exec(front, append([]string{front}, args...), os.Environ())
		err = &os.PathError{Op: "execute", Path: front, Err: err}
	}
	if errors.Is(err, os.ErrNotExist) && front != "" {
		plain.Err("lockstile: %s is missing: lockstile looks for it as %s\nhint: %s\n", name, front, beside.Fetch(front))
		return exitNoCmd
	}
	plain.Err("lockstile: %v\n", err)
	return exitFail
}
