//go:build !linux

package cli

import (
	"fmt"
	"os"
)

const mcpUse = "mcp"

// serveMCP becomes the front end on Linux alone: elsewhere a program can't become another.
func serveMCP([]string) int {
	fmt.Fprintln(os.Stderr, "lockstile: on this system lockstile-mcp is started itself, by the client")
	return exitFail
}
