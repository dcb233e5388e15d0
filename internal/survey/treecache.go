package survey

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The walk of a root is kept in a file of the product's own folder, invisible to
// commands: fields that end with NUL, since no name contains NUL.

const knownFormat = "lockstile-tree-2"

// mostKnown is the greatest size of the file, in bytes.
const mostKnown = 16 << 20

// encode writes a tree down. Of a tree that is too large only the folders are kept, with the
// guarded names, the oldest first: they come first at the next start, and are read again.
func (t *tree) encode() []byte {
	b := t.encodeAll()
	if len(b) <= mostKnown {
		return b
	}
	small := &tree{root: t.root, at: t.at, folders: map[string]*folder{}}
	left := mostKnown - len(t.root) - 100
	for _, guarded := range []bool{true, false} {
		for _, rel := range t.order {
			if f := t.folders[rel].guardedAlone(); f.guarded() == guarded {
				if left -= f.size(rel); left >= 0 {
					small.folders[rel] = f
				}
			}
		}
	}
	for _, rel := range t.order {
		if small.folders[rel] != nil {
			small.order = append(small.order, rel)
		}
	}
	return small.encodeAll()
}

// guardedAlone returns a folder with its first guarded names, and without a time.
func (f *folder) guardedAlone() *folder {
	out := &folder{}
	for _, x := range f.finds {
		if (x.kind == kindTrusted || x.kind == kindBare || x.kind == kindClosed) && len(out.finds) < 64 {
			out.finds = append(out.finds, x)
		}
	}
	return out
}

// size is about how many bytes a folder without a time takes.
func (f *folder) size(rel string) int {
	n := len(rel) + 10
	for _, x := range f.finds {
		n += len(x.name) + 2
	}
	return n
}

func (t *tree) encodeAll() []byte {
	var b []byte
	field := func(s string) { b = append(append(b, s...), 0) }
	field(knownFormat)
	field(t.root)
	field(strconv.FormatInt(t.at, 10))
	for _, rel := range t.order {
		f := t.folders[rel]
		field("=" + rel)
		field(strconv.FormatInt(f.changed, 10))
		field(strconv.FormatUint(f.inode, 10))
		field(strconv.FormatInt(f.owed, 10))
		for _, d := range f.dirs {
			field("d" + d)
		}
		for _, x := range f.finds {
			field(string(x.kind) + x.name)
		}
		for _, name := range f.remembered {
			field("r" + name)
		}
	}
	return b
}

// decode reads a tree back, and returns nil for a text of another root or another form.
func decode(text, root string) *tree {
	next := func() (field string, ok bool) {
		field, text, ok = strings.Cut(text, "\x00")
		return field, ok
	}
	format, _ := next()
	of, _ := next()
	when, _ := next()
	at, err := strconv.ParseInt(when, 10, 64)
	if format != knownFormat || of != root || err != nil {
		return nil
	}
	t := &tree{root: root, at: at, folders: make(map[string]*folder, strings.Count(text, "\x00="))}
	var f *folder
	for {
		field, ok := next()
		if !ok {
			if field != "" {
				return nil // the text was cut
			}
			return t
		}
		if field == "" {
			return nil
		}
		switch k, name := field[0], field[1:]; {
		case k == '=':
			changed, _ := next()
			n, err := strconv.ParseInt(changed, 10, 64)
			number, _ := next()
			inode, inodeErr := strconv.ParseUint(number, 10, 64)
			owes, _ := next()
			owed, owedErr := strconv.ParseInt(owes, 10, 64)
			if err != nil || inodeErr != nil || owedErr != nil || t.folders[name] != nil {
				return nil
			}
			f = &folder{changed: n, inode: inode, owed: owed}
			t.folders[name] = f
			t.order = append(t.order, name)
		case f == nil || strings.Contains(name, "/"):
			return nil
		case k == 'd':
			f.dirs = append(f.dirs, name)
		case k == 'r':
			f.remembered = append(f.remembered, name)
		case strings.IndexByte("tphbcs", k) >= 0:
			f.finds = append(f.finds, find{kind(k), name})
		default:
			return nil
		}
	}
}

// recall reads the kept tree of a root, and returns nil if the file can't be read.
func recall(file, root string) *tree {
	text, err := readKnown(file)
	if err != nil {
		return nil
	}
	return decode(text, root)
}

func readKnown(file string) (string, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > mostKnown {
		err = fmt.Errorf("%s is too large", file)
	}
	if err != nil {
		return "", err
	}
	b, err := os.ReadFile(file)
	return string(b), err
}

// remember keeps the tree for the next start.
func (t *tree) remember(file string) error { return replaceFile(file, t.encode()) }

// replaceFile writes a file by a rename: readers never see half a file.
func replaceFile(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "new-*")
	if err != nil {
		return fmt.Errorf("keep what was seen: %w", err)
	}
	_, err = f.Write(text)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("keep what was seen: %w", err)
	}
	return nil
}
