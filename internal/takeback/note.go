package takeback

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/trail"
)

// A start writes a note before the command runs: the names to take back at the end. The
// start removes the note after taking the names back. A note without a holder is left
// from a start whose processes were all killed at once: the next start takes the names
// back.

const noteFormat = "lockstile-note-2"

// mostNote is how many bytes of a note are read at most.
const mostNote = 16 << 20

// Note is the note of one start.
type Note struct {
	file *os.File // locked for as long as the start lives
	name string
}

// Write writes a note for a start into dir, and returns nil for no folders. The names
// will be taken back with suffix, which no other start uses.
func Write(dir, suffix string, folders []Folder) (*Note, error) {
	if len(folders) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("note what is to be taken back: %w", err)
	}
	name := filepath.Join(dir, "start"+suffix)
	f, err := os.OpenFile(name+unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("note what is to be taken back: %w", err)
	}
	n := &Note{f, name}
	if err = hold(f); err == nil {
		_, err = f.Write(encodeNote(folders))
	}
	if err == nil && unfinished != "" {
		err = os.Rename(name+unfinished, name) // readers never see half a note
	}
	if err != nil {
		f.Close()
		os.Remove(name + unfinished)
		return nil, fmt.Errorf("note what is to be taken back: %w", err)
	}
	return n, nil
}

// Done removes the note: the names are taken back.
func (n *Note) Done() error {
	if n == nil {
		return nil
	}
	return discard(n.file, n.name)
}

// Recover takes back the names of starts whose processes were all killed at once.
func Recover(dir string) []Back {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no start so far
	}
	var back []Back
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if info, err := e.Info(); err != nil || unfinished != "" && strings.HasSuffix(name, unfinished) && time.Since(info.ModTime()) < time.Minute {
			continue // the note is being written
		}
		suffix, ok := strings.CutPrefix(e.Name(), "start")
		absent, abandoned := abandonedNote(name)
		if !ok || !abandoned {
			continue
		}
		for _, a := range absent {
			for _, n := range a.Names {
				full := filepath.Join(a.Dir, n)
				if !exists(full) {
					continue
				}
				if b, err := Rename(Name{Root: a.Root, Path: full}, suffix+"-0"); err == nil {
					back = append(back, b)
				}
			}
		}
	}
	return back
}

// Noted lists the names that living starts, and starts with a note left, will take back.
func Noted(dir string) map[string]bool {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no start so far
	}
	out := map[string]bool{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // the start has ended, and the names are taken back
		}
		for _, a := range decodeNote(string(text)) {
			for _, n := range a.Names {
				out[filepath.Join(a.Dir, n)] = true
			}
		}
	}
	return out
}

// abandonedNote reads a note without a holder, and removes the note.
func abandonedNote(name string) (absent []Folder, abandoned bool) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, false
	}
	b, err := io.ReadAll(io.LimitReader(f, mostNote))
	if err != nil || hold(f) != nil {
		f.Close()
		return nil, false
	}
	return decodeNote(string(b)), discard(f, name) == nil
}

func encodeNote(lines []Folder) []byte {
	b := append([]byte(noteFormat), 0)
	for _, l := range lines {
		for _, field := range append([]string{l.Root, l.Dir, strconv.Itoa(len(l.Names))}, l.Names...) {
			b = append(append(b, field...), 0)
		}
	}
	return b
}

// decodeNote reads the valid beginning of a note.
func decodeNote(text string) (out []Folder) {
	next := func() (field string, ok bool) {
		field, text, ok = strings.Cut(text, "\x00")
		return field, ok
	}
	if format, _ := next(); format != noteFormat {
		return nil
	}
	for {
		root, _ := next()
		dir, _ := next()
		count, ok := next()
		n, err := strconv.Atoi(count)
		if !ok || err != nil || !filepath.IsAbs(root) || !trail.Within(dir, root) {
			return out
		}
		a := Folder{Root: root, Dir: dir}
		for ; n > 0; n-- {
			name, ok := next()
			if !ok || name == "" || strings.ContainsAny(name, `/\`) || name == "." || name == ".." {
				return out
			}
			a.Names = append(a.Names, name)
		}
		out = append(out, a)
	}
}

// gone reports whether a file has no name any more.
func gone(f *os.File, name string) bool {
	info, err := f.Stat()
	if err != nil {
		return true
	}
	there, err := os.Lstat(name)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, there)
}
