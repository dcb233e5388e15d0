//go:build !linux

package cli

import "github.com/lockstile/lockstile/internal/plain"

const mcpUse = "mcp"

// serveMCP only executes the front end on Linux: on other systems a program can't become
// another.
func serveMCP([]string) int {
	plain.Err("lockstile: on this system lockstile-mcp is started itself, by the client\n")
	return exitFail
}
