//go:build !linux

package cli

import "github.com/lockstile/lockstile/internal/plain"

// execute only works on Linux: on other systems a program can't become another.
func execute(name string, _ []string) int {
	plain.Err("lockstile: on this system %s is started itself\n", name)
	return exitFail
}

// onTerminal is not known here: without arguments lockstile shows the usage.
func onTerminal() bool { return false }
