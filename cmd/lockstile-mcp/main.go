// Command lockstile-mcp serves lockstile's tools to MCP clients.
package main

import (
	"os"

	"github.com/lockstile/lockstile/internal/mcp"
)

func main() { os.Exit(mcp.Main(os.Args[1:])) }
