package usage

import (
	"errors"
	"flag"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

// Error is a mistake in a command line whose mend is known.
type Error struct{ Said, Mend string }

// Error returns what is wrong.
func (e *Error) Error() string { return e.Said }

// The exit codes of Say.
const (
	exitHelp     = 0 // a request for help is no mistake
	exitMistaken = 2
)

// Say prints what is wrong with the arguments of a command, by the error of its flag set,
// whose name is the command's, and the line that was meant; or the help that was asked for.
// Say returns the exit code.
func Say(set *flag.FlagSet, err error, args []string) (code int) {
	c, _ := Find(set.Name())
	if errors.Is(err, flag.ErrHelp) {
		plain.OutText(c.Help())
		return exitHelp
	}
	wrong := Wrong(set, err, args)
	plain.Err("lockstile: %v\n", wrong.Said)
	var mended *Error
	switch {
	case errors.As(err, &mended):
		plain.Err("hint: %s\n", mended.Mend)
	case wrong.Proposal != "":
		plain.Err("hint: %s %s\n", c.Words(), Quoted(wrong.Mended(args)))
	default:
		plain.ErrText(c.Line())
	}
	return exitMistaken
}

// Quoted returns words as a line for a shell.
func Quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = plain.ShellWord(w)
	}
	return strings.Join(out, " ")
}
