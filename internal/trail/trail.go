// Package trail follows a path from the root, name by name, as the kernel does
// (path_resolution(7)), and returns every link on the way: a command that can replace a
// link decides about the end of the path. Package trail must never follow a link without
// returning the link, nor change anything.
package trail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Trail is the end of a path, and the way to the end.
type Trail struct {
	Links   []string // the followed links, each by a path without links
	End     string   // the end of the path, without links in the existing part
	Missing string   // the uppermost absent name, or ""
}

// mostLinks is the most links that the kernel follows.
const mostLinks = 40

// Walk follows an absolute path. If Walk can't follow the path to its end, it returns an
// error and the links up to there.
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

// split returns the names of a path. ".." stays: its meaning depends on links.
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
