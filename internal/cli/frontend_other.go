//go:build !linux

package cli

import "github.com/lockstile/lockstile/internal/plain"

const mcpUse = "mcp"

// serveMCP becomes the front end on Linux alone: elsewhere a program can't become another.
func serveMCP([]string) int {
	plain.Err("lockstile: on this system lockstile-mcp is started itself, by the client\n")
	return exitFail
}
