// Package cli is the command line of lockstile: flags, messages and exit codes. Package
// cli must never start a process itself, nor soften a refusal of the library.
package cli

import (
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/usage"
)

// Exit codes of lockstile itself. A command's own code is passed on unchanged.
const (
	exitOK      = 0
	exitFail    = 1   // the request could not be answered, or the log does not hold
	exitUsage   = 2   // the command line makes no sense
	exitRefused = 126 // nothing was started (POSIX: found, but could not be executed)
	exitNoCmd   = 127 // the command does not exist
)

// subcommand returns what a first word runs, nil for an unknown word; package usage says
// what each is for.
func subcommand(word string) func(args []string) int {
	switch word {
	case "exec":
		return func(args []string) int { return agent(append([]string{"exec"}, args...)) }
	case "resume":
		return func(args []string) int { return agent(append([]string{"resume"}, args...)) }
	case "run":
		return run
	case "config":
		return showConfig
	case "connect":
		return connectServer
	case "doctor":
		return doctor
	case "explain":
		return explain
	case "git":
		return git
	case "init":
		return initConfig
	case "log":
		return log
	case "caches":
		return showCaches
	case "takeback":
		return takenBack
	case "mcp":
		return serveMCP
	case "setup":
		return setUp
	case "completion":
		return completion
	case "man":
		return manPages
	case "version":
		return version
	}
	return nil
}

// Main runs lockstile with the arguments after the program's name and returns the exit
// code.
func Main(args []string) int {
	if len(args) == 0 {
		if isSession(args) {
			return agent(args)
		}
		plain.ErrText(usage.Overview())
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return help(args[1:])
	case "--version", "-version", "-v", "-V":
		return version(nil)
	}
	if do := subcommand(args[0]); do != nil {
		return do(args[1:])
	}
	if isSession(args) {
		return agent(args)
	}
	return unknown(args)
}
