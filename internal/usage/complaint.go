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

// Complaint says what is wrong with the arguments of a command, by the error of its flag
// set, whose name is the command's, and the line that was meant.
func Complaint(set *flag.FlagSet, err error, args []string) string {
	c, _ := Find(set.Name())
	wrong := Wrong(set, err, args)
	said := plain.Sprintf("lockstile: %v\n", wrong.Said)
	var mended *Error
	switch {
	case errors.As(err, &mended):
		return said + plain.Sprintf("hint: %s\n", mended.Mend)
	case wrong.Proposal != "":
		return said + plain.Sprintf("hint: %s %s\n", c.Words(), Quoted(wrong.Mended(args)))
	}
	return said + c.Line()
}

// Quoted returns words as a line for a shell.
func Quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; w == "" || strings.ContainsFunc(w, special) {
			out[i] = plain.ShellQuote(w)
		}
	}
	return strings.Join(out, " ")
}

// special reports whether a shell may take a letter for more than a letter.
func special(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%", r)
}
