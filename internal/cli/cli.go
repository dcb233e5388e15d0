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

// subcommands has what each first word runs; package usage says what each is for.
var subcommands = map[string]func(args []string) int{
	"exec":       func(args []string) int { return agent(append([]string{"exec"}, args...)) },
	"resume":     func(args []string) int { return agent(append([]string{"resume"}, args...)) },
	"run":        run,
	"config":     showConfig,
	"doctor":     doctor,
	"explain":    explain,
	"git":        git,
	"init":       initConfig,
	"log":        log,
	"caches":     showCaches,
	"takeback":   takenBack,
	"mcp":        serveMCP,
	"setup":      setUp,
	"completion": completion,
	"man":        manPages,
	"version":    version,
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
	if do, ok := subcommands[args[0]]; ok {
		return do(args[1:])
	}
	if isSession(args) {
		return agent(args)
	}
	return unknown(args)
}
