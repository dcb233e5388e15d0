package cli

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
)

// completion prints the completion of a shell. With --words it answers the completion's
// question: what may stand at the last word.
func completion(args []string) int {
	set := settings.NewFlagSet("completion")
	words := set.Bool("words", false, "") // for the scripts: package usage has them
	if err := set.Parse(args); err != nil {
		return usage.Say(set, err, args)
	}
	if *words {
		printCompletion(usage.Complete(set.Args(), settings.Keys()))
		return exitOK
	}
	script := usage.Script(set.Arg(0))
	if script == "" || set.NArg() != 1 {
		return usage.Say(set, errors.New("completion takes the name of a shell: bash, zsh, fish or powershell"), args)
	}
	plain.OutText(script)
	return exitOK
}

func printCompletion(c usage.Completion) {
	plain.Out("%s %d\n", string(c.Kind), c.From)
	for _, one := range c.Candidates {
		plain.Out("%s  %s\n", one.Word, one.Does)
	}
}

// manPages prints the man page of lockstile, or writes the pages of all commands to a folder.
func manPages(args []string) int {
	set := settings.NewFlagSet("man")
	err := set.Parse(args)
	if err == nil && set.NArg() > 1 {
		err = errors.New("man takes one folder")
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	dir := set.Arg(0)
	if dir == "" {
		plain.OutText(usage.All()[0].Page(lockstile.Version))
		return exitOK
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return failed(err)
	}
	for _, c := range usage.All() {
		if err := os.WriteFile(filepath.Join(dir, c.PageName()+".1"), []byte(c.Page(lockstile.Version)), 0o644); err != nil {
			return failed(err)
		}
	}
	plain.Out("wrote %d pages to %s\n", len(usage.All()), dir)
	return exitOK
}
