package cli

import "strings"

// serveMCP becomes the server for MCP clients.
func serveMCP(args []string) int { return execute("lockstile-mcp", args) }

// agent becomes the session with a model.
func agent(args []string) int { return execute("lockstile-agent", args) }

// isSession reports whether a command line without a known subcommand is meant for the
// session: flags, or a prompt of several words. A single word is a misspelt subcommand
// more often than a prompt; -- before the word makes a prompt of it.
func isSession(args []string) bool {
	if len(args) == 0 {
		return onTerminal()
	}
	return strings.HasPrefix(args[0], "-") || strings.ContainsAny(args[0], " \t\n")
}
