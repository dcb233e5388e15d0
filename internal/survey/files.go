package survey

import (
	"io"
	"os"
	"path/filepath"
)

// mostPointer is how many bytes of a possible git pointer file are read at most.
const mostPointer = 4096

// resolve returns a path without links, for the part of the path that exists.
func resolve(dir, to string) string {
	if !filepath.IsAbs(to) {
		to = filepath.Join(dir, to)
	}
	rest := ""
	for at := filepath.Clean(to); ; at = filepath.Dir(at) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		if at == filepath.Dir(at) {
			return filepath.Clean(to)
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// beginning reads the first bytes of a regular file, and returns "" for any other file.
func beginning(name string) string { return firstBytes(name, mostPointer) }

func firstBytes(name string, most int64) string {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return "" // a FIFO is never opened
	}
	f, err := openNow(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	return string(b)
}
