package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// serveMCP becomes the server for MCP clients.
func serveMCP(args []string) int { return execute("lockstile-mcp", args) }

// agent becomes the session with a model.
func agent(args []string) int { return execute("lockstile-agent", args) }

// frontEnd returns the path of a front end: in the folder of the running program, which is
// not always the program that PATH finds. PATH doesn't count: a front end of another
// folder may be of another version, or not lockstile's.
func frontEnd(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(filepath.Dir(self), name), nil
}

// isSession reports whether a command line without a known subcommand is meant for the
// session: flags, or a prompt of several words. A single word is a misspelt subcommand
// more often than a prompt; -- before the word makes a prompt of it.
func isSession(args []string) bool {
	if len(args) == 0 {
		return onTerminal()
	}
	return strings.HasPrefix(args[0], "-") || strings.ContainsAny(args[0], " \t\n")
}
