// Package approve knows harmless commands, to spare a person questions. Package approve
// must never change how a command is confined, and must call a command unsafe when in
// doubt.
package approve

import (
	"path"
	"slices"
	"strings"
)

// lookers only read and print, with any argument.
var lookers = []string{
	"basename", "cat", "cut", "dirname", "echo", "false", "grep", "egrep", "fgrep", "head", "id", "ls", "nl",
	"paste", "pwd", "readlink", "realpath", "stat", "tail", "tr", "true", "uname", "wc", "which", "whoami",
}

// Argv reports whether a command does nothing but look. Programs are known by their bare
// names: a name with a path could be any program.
func Argv(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	name, args := argv[0], argv[1:]
	switch name {
	case "git":
		return gitLooks(args)
	case "find":
		return findLooks(args)
	case "rg":
		return !slices.ContainsFunc(args, func(arg string) bool { return !rgLooks(arg) })
	case "sed":
		return sedPrints(args)
	case "cd":
		return len(args) == 1 && !strings.HasPrefix(args[0], "-")
	}
	return path.Base(name) == name && slices.Contains(lookers, name)
}
