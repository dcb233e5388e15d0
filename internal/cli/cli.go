// Package cli is the command line of lockstile: flags, messages and exit codes. Package
// cli must never start a process itself, nor soften a refusal of the library.
package cli

import (
	"fmt"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

// Exit codes of lockstile itself. A command's own code is passed on unchanged.
const (
	exitOK      = 0
	exitFail    = 1   // the request could not be answered, or the log does not hold
	exitUsage   = 2   // the command line makes no sense
	exitRefused = 126 // nothing was started (POSIX: found, but could not be executed)
	exitNoCmd   = 127 // the command does not exist
)

// subcommand is a word after lockstile.
type subcommand struct {
	name, use, does string
	run             func(args []string) int
}

func subcommands() []subcommand {
	return []subcommand{
		{"", agentUse, "a session with a model on the screen: every command goes through the gate", agent},
		{"exec", execUse, "one task for a model, without a screen", func(args []string) int { return agent(append([]string{"exec"}, args...)) }},
		{"resume", resumeUse, "go on with a session", func(args []string) int { return agent(append([]string{"resume"}, args...)) }},
		{"run", runUse, "start a command inside the sandbox; MODE is read-only, workspace-write or danger-full-access", run},
		{"config", configUse, "show each setting in effect, and where it came from", showConfig},
		{"doctor", doctorUse, "say what this machine can enforce, and what would mend the rest", doctor},
		{"explain", explainUse, "show a start as it would happen, step by step; or say whether a command may read, write, connect, get a variable or start, by which rule, and what would change the answer", explain},
		{"git", gitUndoUse, "put the refs back as they were before a start", git},
		{"init", initUse, "write config.toml: the defaults, or the settings of another sandbox with a report of each line", initConfig},
		{"log", logUse, "show the last N lines of sandbox.log: starts, ends, refusals", log},
		{"log verify", verifyUse, "check the chain of sandbox.log: no line changed, removed or swapped", log},
		{"caches", cachesUse, "list the private caches of all workspaces, with --size their size", showCaches},
		{"caches clear", clearUse, "remove the private caches of a workspace (default: of this folder), or of all", showCaches},
		{"takeback", takebackUse, "list what was taken back from commands, because programs of this machine trust the name", takenBack},
		{"takeback restore", takebackRestoreUse, "put it back where it was: the name is yours then, and commands can't change it", takenBack},
		{"takeback clear", takebackClearUse, "remove what was taken back, for good", takenBack},
		{"mcp", mcpUse, "serve the tools exec_command and write_stdin to an MCP client", serveMCP},
		{"setup", setupUse, "prepare Windows for windows.sandbox = \"elevated\", look at it, or take it away", setUp},
		{"version", "version", "say which version this is", version},
	}
}

// Main runs lockstile with the arguments after the program's name and returns the exit
// code.
func Main(args []string) int {
	if len(args) == 0 {
		if isSession(args) {
			return agent(args)
		}
		plain.ErrText(usage())
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		plain.OutText(usage())
		return exitOK
	case "--version":
		return version(nil)
	}
	for _, s := range subcommands() {
		if s.name == args[0] {
			return s.run(args[1:])
		}
	}
	if isSession(args) {
		return agent(args)
	}
	plain.Err("lockstile: there is no subcommand %q\nhint: lockstile help lists them; lockstile -- %s begins a session with this prompt\n", args[0], plain.ShellQuote(args[0]))
	return exitUsage
}

func usage() string {
	var b strings.Builder
	b.WriteString("lockstile starts commands for coding agents: confined, measured, recorded, and only then run.\n\nusage:\n")
	for _, s := range subcommands() {
		fmt.Fprintf(&b, "  lockstile %s\n      %s\n", s.use, s.does)
	}
	return b.String()
}
