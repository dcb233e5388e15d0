//go:build !linux

package cli

import (
	"fmt"
	"os"
)

const mcpUse = "mcp"

// serveMCP has nothing to serve where nothing starts yet.
func serveMCP([]string) int {
	fmt.Fprintln(os.Stderr, "lockstile: starting commands isn't built for this system yet")
	return exitFail
}
