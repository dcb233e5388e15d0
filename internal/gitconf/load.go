package gitconf

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

const (
	// deepest is how deep git includes files in files.
	deepest = 10
	// mostFiles is the most files that one start file may include.
	mostFiles = 1000
	// mostLeads is the most files to which one file may lead.
	mostLeads = 10_000
	// mostIncluded is the most bytes that these files may have together.
	mostIncluded = 16 << 20
)

// File is a configuration in a file, or in the environment.
type File struct {
	Path    string // as named, never cleaned; "" for the environment
	Entries []Entry
	Absent  bool  // the file isn't there: git reads the file as soon as the file comes
	Err     error // why the file isn't read, or not wholly, or not followed: an *Error. Entries has what git obeys before

	leads []Lead
}

// Loader reads each file once, however many files include the file.
type Loader struct {
	Home   string                                    // the user's home folder, for "~"
	Lookup func(name string) (value string, ok bool) // the variables of the environment, as os.LookupEnv

	files map[string]*loaded
	size  int
}

// Size returns how many bytes the Loader has read.
func (l *Loader) Size() int { return l.size }

// loaded is a file with the files that its entries include.
type loaded struct {
	File
	size     int
	includes []include
}

// include is a file that an entry names.
type include struct {
	path string
	line int
}

// Load returns a file and all that it includes, directly or through other files, the file
// first. Load follows an include whatever its condition is: a command may make the condition
// true. git opens a relative path in its own folder, so the caller gives an absolute one.
func (l *Loader) Load(path string) []*File { return l.follow(l.read(path)) }

// Environment returns the configuration of the environment, and all that it includes.
func (l *Loader) Environment() []*File {
	entries, err := environment(l.variable)
	return l.follow(l.understand(&loaded{File: File{Entries: entries, Err: err}}))
}

// variable returns a variable of the environment.
func (l *Loader) variable(name string) (value string, ok bool) {
	if l.Lookup == nil {
		return "", false
	}
	return l.Lookup(name)
}

// follow returns a file and the files that it includes, each at its least depth.
func (l *Loader) follow(first *loaded) []*File {
	out, level, size := []*File{&first.File}, []*loaded{first}, first.size
	seen := map[string]bool{first.Path: true}
	for depth := 1; len(level) > 0; depth++ {
		var next []*loaded
		for _, from := range level {
			for _, i := range from.includes {
				if seen[i.path] {
					continue
				}
				seen[i.path] = true
				if len(out) == mostFiles || size > mostIncluded {
					return append(out, tooMany(from, i))
				}
				f := l.read(i.path)
				if depth > deepest && !f.Absent {
					f = &loaded{File: File{Path: i.path, Err: &Error{File: i.path, Reason: fmt.Sprintf("the file is included more than %d files deep, by line %d of %s", deepest, i.line, from.Path)}}}
				}
				size += f.size
				out, next = append(out, &f.File), append(next, f)
			}
		}
		level = next
	}
	return out
}

// tooMany returns a file that is one too many.
func tooMany(from *loaded, i include) *File {
	return &File{Path: i.path, Err: &Error{File: from.Path, Line: i.line, Reason: fmt.Sprintf("the configuration includes more than %d files, or more than %d MiB", mostFiles, mostIncluded>>20)}}
}

// read returns a file, which read opens at the first call alone.
func (l *Loader) read(path string) *loaded {
	if f := l.files[path]; f != nil {
		return f
	}
	if l.files == nil {
		l.files = map[string]*loaded{}
	}
	f := &loaded{File: File{Path: path}}
	b, err := content(path)
	switch {
	case isAbsent(err):
		f.Absent = true
	case err != nil:
		f.Err = &Error{File: path, Reason: err.Error(), Err: err}
	default:
		f.size = len(b)
		l.size += len(b)
		f.Entries, err = Parse(b)
		if err != nil {
			f.Err = err
		}
	}
	l.files[path] = l.understand(f)
	return f
}

// understand finds what the entries of a file lead to, and the files that the entries include.
func (l *Loader) understand(f *loaded) *loaded {
	leads, tooMany := f.findLeads()
	f.leads = leads
	if tooMany != nil {
		f.complain(*tooMany, fmt.Sprintf("leads to more files: %d are the most", mostLeads))
	}
	for _, e := range f.Entries {
		if !isInclude(e.Key) {
			continue
		}
		if e.Bare {
			f.complain(e, "has no value")
			continue
		}
		if len(f.includes) > mostFiles {
			f.complain(e, fmt.Sprintf("is one of more than %d includes", mostFiles))
			break
		}
		for _, value := range e.readings() {
			for _, to := range l.included(f, e, value) {
				f.includes = append(f.includes, include{to, e.Line})
			}
		}
	}
	var err *Error
	if errors.As(f.Err, &err) {
		err.File = f.Path
	}
	return f
}

// included returns the absolute paths of an include.
func (l *Loader) included(f *loaded, e Entry, value string) (out []string) {
	paths, ok := l.Expand(value)
	if !ok {
		f.complain(e, "names a home folder that isn't known")
	}
	for _, to := range paths {
		switch {
		case isAbsolute(to):
			out = append(out, to)
		case f.Path == "":
			f.complain(e, "is relative in the environment")
		default:
			out = append(out, folderOf(f.Path)+to)
		}
	}
	return out
}

// complain notes the first error of a file.
func (f *loaded) complain(e Entry, what string) {
	if f.Err == nil {
		f.Err = &Error{Line: e.Line, Reason: e.Key + " " + what}
	}
}

// isInclude reports whether git includes the file that a value names.
func isInclude(key string) bool {
	return key == "include.path" || strings.HasPrefix(key, "includeif.") && strings.HasSuffix(key, ".path") && strings.Count(key, ".") > 1
}

func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || isNotFolder(err)
}
