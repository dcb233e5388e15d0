// Package trail follows a path from the root, one name at a time, as the kernel does
// (path_resolution(7)), and tells every link on the way: who can replace one of them
// decides where the path leads. It must never follow a link without telling of it, nor
// change anything.
package trail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Trail is where a path leads, and how.
type Trail struct {
	Links   []string // the links that were met, each by its own path, which has none
	End     string   // where it leads, without links as far as it is there
	Missing string   // the uppermost name that isn't there, "" where all is
}

// mostLinks is how many the kernel follows.
const mostLinks = 40

// Walk follows an absolute path. The error says that it can't be followed to its end; the
// links that were met until then are told all the same.
func Walk(path string) (Trail, error) {
	var t Trail
	if !filepath.IsAbs(path) {
		return t, fmt.Errorf("%s is not an absolute path", path)
	}
	top := filepath.VolumeName(path) + string(filepath.Separator)
	at, rest := top, split(path[len(filepath.VolumeName(path)):])
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if name == ".." {
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		info, err := os.Lstat(next)
		if os.IsNotExist(err) {
			t.Missing, t.End = next, filepath.Join(append([]string{next}, rest...)...)
			return t, nil
		}
		if err != nil {
			return t, fmt.Errorf("follow a path: %w", err)
		}
		if info.Mode()&os.ModeSymlink == 0 {
			at = next
			continue
		}
		if t.Links = append(t.Links, next); len(t.Links) > mostLinks {
			return t, fmt.Errorf("more than %d links are on the way of %s", mostLinks, path)
		}
		to, err := os.Readlink(next)
		if err != nil {
			return t, fmt.Errorf("follow a path: %w", err)
		}
		if filepath.IsAbs(to) {
			top = filepath.VolumeName(to) + string(filepath.Separator)
			at, to = top, to[len(filepath.VolumeName(to)):]
		}
		rest = append(split(to), rest...)
	}
	t.End = at
	return t, nil
}

// split gives the names of a path. ".." stays: what it means is the kernel's to say.
func split(path string) (names []string) {
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }) {
		if name != "." {
			names = append(names, name)
		}
	}
	return names
}

// Within reports whether a clean path is dir or lies in it, by the names alone.
func Within(path, dir string) bool {
	return dir == string(filepath.Separator) || strings.HasPrefix(path, dir) && (len(path) == len(dir) || path[len(dir)] == filepath.Separator)
}
