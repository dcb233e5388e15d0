package grant

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Journal is the file that names every entry which was made or was about to be: one
// in a line, as JSON. It may be used by several programs, since a line is written by
// one append, and an entry twice in it does no harm.
type Journal struct{ name string }

// journalName is its name in the product's own folder.
const journalName = "grants.jsonl"

// NewJournal gives the journal in a folder; it is made with its first entry.
func NewJournal(home string) *Journal { return &Journal{filepath.Join(home, journalName)} }

// add writes an entry down, to the disk.
func (j *Journal) add(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(j.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append([]byte("\n"), append(line, '\n')...)) // a torn line before it ends here
	return errors.Join(err, f.Sync(), f.Close())
}

// entries reads all that was written down. A line that was torn by a crash was not
// acted on; another that can't be read hides what is to be taken away, and is an error.
func (j *Journal) entries() ([]Entry, error) {
	text, err := os.ReadFile(j.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(text)
}

func parse(text []byte) ([]Entry, error) {
	var out []Entry
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var e Entry
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		switch err := d.Decode(&e); {
		case err != nil && torn(lines.Bytes()):
			continue
		case err != nil:
			return nil, fmt.Errorf("%s: %q: %w", journalName, lines.Text()[:min(len(lines.Text()), 80)], err)
		}
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out, lines.Err()
}

// torn reports whether a line is the beginning of one: it lacks the end that each has.
func torn(line []byte) bool { return !bytes.HasSuffix(line, []byte("}}")) }

// replace writes what is left, in one step; nothing left is no file.
func (j *Journal) replace(entries []Entry) error {
	if len(entries) == 0 {
		if err := os.Remove(j.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var b bytes.Buffer
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	next := j.name + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(next, j.name)
}
