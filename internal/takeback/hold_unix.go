//go:build unix

package takeback

import (
	"errors"
	"os"

	"github.com/lockstile/lockstile/internal/filelock"
)

// unfinished ends the name of a note while Write writes the note.
const unfinished = ".new"

// hold locks a note for its start.
func hold(f *os.File) error {
	ok, err := filelock.Try(f, false)
	if err == nil && !ok {
		err = errHeld
	}
	return err
}

var errHeld = errors.New("another start holds the note")

// claim holds a note that nobody holds; nil for another note.
func claim(f *os.File, name string, _ []byte) *os.File {
	if hold(f) != nil || gone(f, name) {
		f.Close()
		return nil
	}
	return f
}

var errGone = errors.New("the note has gone")

// discard removes a held note.
func discard(f *os.File, name string) error {
	defer f.Close()
	if gone(f, name) {
		return errGone
	}
	return os.Remove(name)
}
