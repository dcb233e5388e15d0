// Package approve knows which commands only look, so that nobody need be asked
// about them. It is about asking: what it says never changes how a command is
// confined. What it doesn't understand it must call unsafe.
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

// Argv reports whether a command does nothing but look. Programs are known by
// their bare names: with a path, it could be any program.
func Argv(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	name, args := argv[0], argv[1:]
	switch name {
	case "git":
		return gitLooks(args)
	case "find":
		return !slices.ContainsFunc(args, findActs)
	case "rg":
		return !slices.ContainsFunc(args, rgRuns)
	case "sed":
		return sedPrints(args)
	case "cd":
		return len(args) == 1 && !strings.HasPrefix(args[0], "-")
	}
	return path.Base(name) == name && slices.Contains(lookers, name)
}

func findActs(arg string) bool {
	switch arg {
	case "-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf":
		return true
	}
	return false
}

// rgRuns finds the options of ripgrep that start programs.
func rgRuns(arg string) bool {
	long, _, _ := strings.Cut(arg, "=")
	switch {
	case long == "--pre", long == "--hostname-bin", long == "--search-zip":
		return true
	}
	return strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.Contains(arg, "z")
}

// sedPrints knows sed -n Np and -n N,Mp, with one file.
func sedPrints(args []string) bool {
	if len(args) < 2 || len(args) > 3 || args[0] != "-n" || !strings.HasSuffix(args[1], "p") {
		return false
	}
	lines := strings.TrimSuffix(args[1], "p")
	from, to, ranged := strings.Cut(lines, ",")
	return number(from) && (!ranged || number(to)) && (len(args) == 2 || !strings.HasPrefix(args[2], "-"))
}

func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// gitLooks knows the subcommands that read. Options before the subcommand are
// none of them (-c sets what git runs), nor are those that name a program or a file.
func gitLooks(args []string) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0] {
	case "status", "log", "diff", "show", "blame", "rev-parse", "ls-files":
	default:
		return false
	}
	return !slices.ContainsFunc(args[1:], func(arg string) bool {
		long, _, _ := strings.Cut(arg, "=")
		return slices.ContainsFunc(gitActs, func(option string) bool { return len(long) > len("--") && strings.HasPrefix(option, long) })
	})
}

// gitActs run programs or write files. Git takes any beginning of a long option
// for it, where no other begins so.
var gitActs = []string{"--ext-diff", "--textconv", "--output"}
