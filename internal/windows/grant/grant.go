// Package grant opens writable roots to the capabilities of restricted tokens, and closes
// protected names, by entries in the access lists of files. An entry is made once and
// stays: a start under an unchanged policy changes nothing.
//
// Package grant must never change a file without writing the new entry into the journal
// first, remove an entry that is not in the journal, or trust a change without reading
// the list back.
package grant

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lockstile/lockstile/internal/access"
)

// Entry is an entry of the access list of a file or folder.
type Entry = access.Entry

// Files are the access lists of a machine. A path names the file itself, never the target
// of a link.
type Files interface {
	Read(path string) (access.Descriptor, error)
	// Write replaces the list alone, and passes inherited entries on to files below.
	Write(path string, d access.Descriptor) error
}

// Error names the entry that could not be made or removed.
type Error struct {
	Entry Entry
	What  string
	Err   error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s for %s: %s", e.Entry.Path, e.Entry.ACE.SID, e.What)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Apply makes the missing entries, and returns their number. Apply stops at the first
// failure; made entries stay, and stand in the journal.
func Apply(files Files, j *Journal, entries []Entry) (made int, err error) {
	for _, e := range entries {
		done, err := apply(files, j, e)
		if err != nil {
			return made, err
		}
		if done {
			made++
		}
	}
	return made, nil
}

func apply(files Files, j *Journal, e Entry) (made bool, err error) {
	if !utf8.ValidString(e.Path) {
		return false, &Error{e, "its name can't be written down", nil}
	}
	now, err := files.Read(e.Path)
	if err != nil {
		return false, &Error{e, "its access list can't be read", err}
	}
	if now.NoList {
		return false, &Error{e, "it has no access list: everybody may change it", nil}
	}
	if now.Has(e.ACE) {
		return false, nil
	}
	if err := j.add(e); err != nil {
		return false, &Error{e, "the journal can't be written", err}
	}
	if err := set(files, e, now.With(e.ACE), true); err != nil {
		return false, err
	}
	return true, nil
}

// set writes a list, and reads the list back.
func set(files Files, e Entry, d access.Descriptor, there bool) error {
	if err := files.Write(e.Path, d); err != nil {
		return &Error{e, "its access list can't be changed", err}
	}
	after, err := files.Read(e.Path)
	if err != nil {
		return &Error{e, "its access list can't be read back", err}
	}
	if after.NoList || after.Has(e.ACE) != there {
		return &Error{e, "its access list was changed, and is not what was written", nil}
	}
	return nil
}

// couldBeOurs guards against a journal that another program wrote: Remove has an
// administrator's rights, and must not remove foreign entries that guard files. Our
// entries are for SIDs of a machine's own, and deny nothing but changes.
func couldBeOurs(e access.ACE) bool {
	return strings.HasPrefix(e.SID, "S-1-5-21-") && e.Other == "" && (!e.Deny || e.Mask == access.Changes || e.Mask == access.Delete)
}

// Remove removes all entries of the journal. An entry that can't be removed stays in the
// journal. The entries of an absent file are gone with the file.
func Remove(files Files, j *Journal, gone func(error) bool) error {
	entries, err := j.entries()
	if err != nil {
		return err
	}
	var left []Entry
	var first error
	for _, e := range entries {
		if err := remove(files, e, gone); err != nil {
			left = append(left, e)
			if first == nil {
				first = err
			}
		}
	}
	if err := j.replace(left); err != nil {
		return err
	}
	return first
}

func remove(files Files, e Entry, gone func(error) bool) error {
	if !couldBeOurs(e.ACE) {
		return &Error{e, "lockstile makes no such entry: the journal was changed by another", nil}
	}
	now, err := files.Read(e.Path)
	switch {
	case err != nil && gone(err):
		return nil
	case err != nil:
		return &Error{e, "its access list can't be read", err}
	case !now.Has(e.ACE):
		return nil
	}
	return set(files, e, now.Without(e.ACE), false)
}
