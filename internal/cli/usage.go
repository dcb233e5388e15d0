package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
)

// help lists the commands, or explains one.
func help(words []string) int {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.HasPrefix(w, "-") })
	if len(words) == 0 {
		plain.OutText(usage.Overview())
		return exitOK
	}
	for n := min(2, len(words)); n > 0; n-- {
		if c, ok := usage.Find(strings.Join(words[:n], " ")); ok {
			plain.OutText(c.Help())
			return exitOK
		}
	}
	return unknown(words)
}

// badWord prints that a command has no such word.
func badWord(command, word string) int {
	c, _ := usage.Find(command)
	words := usage.Below(command)
	switch word {
	case "-h", "-help", "--help", "help":
		plain.OutText(c.Help())
		return exitOK
	case "":
		plain.Err("lockstile: %s needs a word more: %s\n", c.Words(), strings.Join(words, ", "))
		return exitUsage
	}
	plain.Err("lockstile: there is no %s %s: %s\n", c.Words(), plain.Sprintf("%q", word), strings.Join(words, ", "))
	if near := usage.NearBelow(command, word); near != "" {
		plain.Err("hint: %s %s\n", c.Words(), near)
	}
	return exitUsage
}

// unknown prints what an unknown first word may have meant: a command of lockstile, a
// program to run, or a prompt.
func unknown(args []string) int {
	word := args[0]
	plain.Err("lockstile: there is no command %q\n", word)
	near := usage.Near(word)
	switch {
	case near != "":
		plain.Err("hint: lockstile %s\n", near)
	case onPath(word):
		plain.Err("hint: lockstile run -- %s\n", usage.Quoted(args))
	default:
		plain.Err("hint: lockstile help lists the commands; lockstile -- %s begins a session with this prompt\n", plain.ShellQuote(word))
	}
	return exitUsage
}

// onPath reports whether a word names a program in a folder of PATH.
func onPath(word string) bool {
	return filepath.Base(word) == word && slices.ContainsFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool {
		info, err := os.Stat(filepath.Join(dir, word))
		return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
	})
}

// first returns the first word, "" without one.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// misplaced looks for flags of run behind a command without -- before it: the user may
// believe that they count. Single letters are left to the command, but for -c with a
// setting: bash, git and tar have them too.
func misplaced(set *flag.FlagSet, args, argv []string) error {
	before := args[:len(args)-len(argv)]
	if len(before) > 0 && before[len(before)-1] == "--" {
		return nil
	}
	for i, word := range argv[1:] {
		if word == "--" {
			return nil
		}
		if n := ownWords(set, argv[i+1:]); n > 0 {
			flags, command := slices.Concat(before, argv[i+1:i+1+n]), slices.Concat(argv[:i+1], argv[i+1+n:])
			return &usage.Error{
				Said: fmt.Sprintf("%s stands behind the command, and would be the command's: put -- before the command", word),
				Mend: "lockstile run " + usage.Quoted(flags) + " -- " + usage.Quoted(command),
			}
		}
	}
	return nil
}

// ownWords returns how many of the first words are a flag of run with its value.
func ownWords(set *flag.FlagSet, words []string) int {
	name, _, joined := strings.Cut(words[0], "=")
	switch {
	case name == "-c" && len(words) > 1 && isSetting(words[1]):
		return 2
	case !strings.HasPrefix(name, "--") || len(name) < 4 || set.Lookup(name[2:]) == nil:
		return 0
	case !joined && len(words) > 1 && takesValue(name[2:]):
		return 2
	}
	return 1
}

func takesValue(name string) bool {
	c, _ := usage.Find("run")
	return slices.ContainsFunc(c.Flags, func(f usage.Flag) bool { return f.Name == name && f.Arg != "" })
}

// isSetting reports whether a word sets a key of config.toml.
func isSetting(word string) bool {
	key, _, ok := strings.Cut(word, "=")
	return ok && slices.Contains(settings.Keys(), strings.TrimSpace(key))
}
