package takeback

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/trail"
)

// A start writes a note before the command runs: the names to take back at the end. The
// start removes the note after taking the names back. A note without a holder is left
// from a start whose processes were all killed at once: the next start takes the names
// back.

const noteFormat = "lockstile-note-4"

// mostNote is how many bytes of a note are read at most.
const mostNote = 16 << 20

// Note is the note of one start.
type Note struct {
	file    *os.File // locked for as long as the start lives
	name    string
	tree    string // of the start's init
	folders []Folder
}

// Write writes a note for a start into dir, and returns nil for no folders. The names
// will be taken back with suffix, which no other start uses. tree tells the tree of the start
// from all others, for the alive of Recover.
func Write(dir, suffix, tree string, folders []Folder) (*Note, error) {
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
	n := &Note{f, name, tree, folders}
	if err = hold(f); err == nil {
		_, err = f.Write(encodeNote(tree, folders))
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

// drop takes a name off the note: a program of the host has made what is there.
func (n *Note) drop(path string) {
	if n == nil {
		return
	}
	for i, f := range n.folders {
		if f.Dir == filepath.Dir(path) {
			base := filepath.Base(path)
			f.Names = slices.DeleteFunc(slices.Clone(f.Names), func(name string) bool { return name == base })
			f.Had = append(slices.Clone(f.Had), base)
			n.folders = slices.Clone(n.folders)
			n.folders[i] = f
			n.rewrite()
		}
	}
}

// add puts a name on the note that has gone: what comes there is the command's.
func (n *Note) add(f Folder, name string) {
	if n == nil || f.Root == "" {
		return
	}
	n.folders = append(slices.Clone(n.folders), Folder{Root: f.Root, Dir: f.Dir, ID: f.ID, Names: []string{name}, Had: f.Had})
	n.rewrite()
}

// rewrite replaces the note by the note of the present folders. After a failure the old note
// stays.
func (n *Note) rewrite() {
	if unfinished == "" {
		return
	}
	f, err := os.OpenFile(n.name+unfinished, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	if err = hold(f); err == nil {
		_, err = f.Write(encodeNote(n.tree, n.folders))
	}
	if err == nil {
		err = os.Rename(n.name+unfinished, n.name)
	}
	if err != nil {
		f.Close()
		os.Remove(n.name + unfinished)
		return
	}
	n.file.Close()
	n.file = f
}

// Done removes the note: the names are taken back.
func (n *Note) Done() error {
	if n == nil {
		return nil
	}
	return discard(n.file, n.name)
}

// Leave lets go of the note: names are left, and the next start takes them back.
func (n *Note) Leave() {
	if n != nil {
		n.file.Close()
	}
}

// Protected reports whether a name of a folder is protected. root says that the folder is a
// writable root.
type Protected func(name string, root bool) bool

// Recover takes away the names of starts whose lockstile was killed. A note stays as long as
// a name of the note can't be taken away: the names are in left. It stays as well while the
// tree of the start is alive: the init ends the tree, and then renames what is there.
func Recover(dir string, store Store, protected Protected, alive func(tree string) bool) (back []Back, left []Left) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil // no start so far
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if info, err := e.Info(); err != nil || unfinished != "" && strings.HasSuffix(name, unfinished) && time.Since(info.ModTime()) < time.Minute {
			continue // the note is being written
		}
		suffix, ok := strings.CutPrefix(e.Name(), "start")
		note, tree, folders := abandonedNote(name)
		if !ok || note == nil {
			continue
		}
		living := alive(tree) // before the look at the names
		taker := Taker{Store: store, Suffix: suffix + "-r"}
		var names []Name
		for _, f := range folders {
			names = append(names, f.unwanted(protected)...)
		}
		taken, still := taker.All(names)
		back, left = append(back, taken...), append(left, still...)
		for _, f := range folders { // afterwards: the init may have renamed meanwhile
			back = append(back, taker.keepRenamed(f, suffix)...)
		}
		if len(still) > 0 || living {
			note.Close()
			continue
		}
		_ = discard(note, name)
	}
	return back, left
}

// unwanted lists the names of a folder that are there and must not be.
func (f Folder) unwanted(protected Protected) (out []Name) {
	add := func(name string) {
		out = append(out, Name{Root: f.Root, Path: filepath.Join(f.Dir, name), ID: f.ID})
	}
	if dir, err := openFolder(f.Root, f.Dir, f.ID); err == nil {
		dir.Close() // the names can be read from now on
	}
	for _, name := range f.Names {
		if exists(filepath.Join(f.Dir, name)) {
			add(name)
		}
	}
	if f.Root != f.Dir {
		return out
	}
	if f.Bare != "" && exists(filepath.Join(f.Dir, "HEAD")) && exists(filepath.Join(f.Dir, "objects")) && exists(filepath.Join(f.Dir, "refs")) {
		add(f.Bare)
	}
	entries, _ := os.ReadDir(f.Dir)
	for _, e := range entries {
		if name := e.Name(); protected(name, true) && !slices.Contains(f.Names, name) && !slices.Contains(f.Had, name) {
			add(name)
		}
	}
	return out
}

// keepRenamed moves into the store what the init of the start has renamed.
func (t Taker) keepRenamed(f Folder, suffix string) (back []Back) {
	for _, name := range append(slices.Clone(f.Names), f.Bare) {
		b := Back{filepath.Join(f.Dir, name), filepath.Join(f.Dir, name+suffix)}
		if name != "" && exists(b.Now) {
			back = append(back, t.Keep(Name{Root: f.Root, Path: b.Path, ID: f.ID}, b))
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
		_, folders := decodeNote(string(text))
		for _, a := range folders {
			for _, n := range a.Names {
				out[filepath.Join(a.Dir, n)] = true
			}
		}
	}
	return out
}

// abandonedNote opens a note without a holder, and holds the note; nil for another note.
func abandonedNote(name string) (note *os.File, tree string, folders []Folder) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, "", nil
	}
	b, err := io.ReadAll(io.LimitReader(f, mostNote))
	if err != nil {
		f.Close()
		return nil, "", nil
	}
	if note = claim(f, name, b); note == nil {
		return nil, "", nil
	}
	tree, folders = decodeNote(string(b))
	return note, tree, folders
}

func encodeNote(tree string, folders []Folder) []byte {
	b := append(append(append([]byte(noteFormat), 0), tree...), 0)
	field := func(s string) { b = append(append(b, s...), 0) }
	list := func(names []string) {
		field(strconv.Itoa(len(names)))
		for _, n := range names {
			field(n)
		}
	}
	for _, f := range folders {
		field(f.Root)
		field(f.Dir)
		field(f.ID.String())
		field(f.Bare)
		list(f.Names)
		list(f.Had)
	}
	return b
}

// decodeNote reads the valid beginning of a note.
func decodeNote(text string) (tree string, out []Folder) {
	r := noteReader{text: text, ok: true}
	if r.next() != noteFormat {
		return "", nil
	}
	tree = r.next()
	for {
		f := Folder{Root: r.next(), Dir: r.next()}
		_, err := fmt.Sscanf(r.next(), "%d:%d", &f.ID.Device, &f.ID.Inode)
		if f.Bare = r.next(); f.Bare != "" {
			r.check(f.Bare)
		}
		f.Names, f.Had = r.list(), r.list()
		if !r.ok || err != nil || !filepath.IsAbs(f.Root) || !trail.Within(f.Dir, f.Root) {
			return tree, out
		}
		out = append(out, f)
	}
}

// noteReader reads the fields of a note.
type noteReader struct {
	text string
	ok   bool
}

func (r *noteReader) next() string {
	field, rest, ok := strings.Cut(r.text, "\x00")
	r.text, r.ok = rest, r.ok && ok
	return field
}

func (r *noteReader) list() (out []string) {
	n, err := strconv.Atoi(r.next())
	for ; err == nil && n > 0 && r.ok; n-- {
		name := r.next()
		r.check(name)
		out = append(out, name)
	}
	r.ok = r.ok && err == nil
	return out
}

// check wants the name of an entry of a folder.
func (r *noteReader) check(name string) {
	r.ok = r.ok && name != "" && name != "." && name != ".." && !strings.ContainsAny(name, `/\`)
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

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
