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

// Journal is the file with every entry that was made or was about to be made: an entry a
// line, as JSON. Several programs may use the journal at once, since each line is written
// by a single append, and a repeated entry does no harm.
type Journal struct{ name string }

// journalName is the journal's name in the product's own folder.
const journalName = "grants.jsonl"

// NewJournal returns the journal in a folder; the first entry makes the file.
func NewJournal(home string) *Journal { return &Journal{filepath.Join(home, journalName)} }

// add appends an entry, and syncs the file to the disk.
func (j *Journal) add(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(j.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append([]byte("\n"), append(line, '\n')...)) // the first newline ends a torn line
	return errors.Join(err, f.Sync(), f.Close())
}

// entries reads all entries. A line torn by a crash was not acted on, and is skipped.
// Another unreadable line is an error, since it hides an entry to remove.
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

// torn reports whether a line is incomplete: every whole line ends with "}}".
func torn(line []byte) bool { return !bytes.HasSuffix(line, []byte("}}")) }

// replace writes the remaining entries, in one step; without entries, replace removes the
// file.
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
