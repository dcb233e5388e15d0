//go:build !linux

package cli

import (
	"github.com/lockstile/lockstile/internal/beside"
	"github.com/lockstile/lockstile/internal/plain"
)

// execute only works on Linux: on other systems a program can't become another.
func execute(name string, _ []string) int {
	front, err := beside.Program(name)
	if err != nil {
		plain.Err("lockstile: %v\n", err)
		return exitFail
	}
	plain.Err("lockstile: on this system lockstile doesn't start the program; start it yourself: %s\n", front)
	return exitFail
}

// onTerminal is not known here: without arguments lockstile shows the usage.
func onTerminal() bool { return false }
