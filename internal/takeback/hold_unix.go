//go:build unix

package takeback

import (
	"errors"
	"os"
	"syscall"
)

// unfinished ends the name of a note while Write writes the note.
const unfinished = ".new"

// hold locks a note for its start.
func hold(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

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
