package survey

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/trustname"
)

// lead is a trusted name that leads to a file elsewhere.
type lead struct{ from, to string }

// mostPointer is how many bytes of a possible git pointer file are read at most.
const mostPointer = 4096

// gitPointers returns where a trusted name leads: the end of a link, and the git
// directory named by a .git file (gitrepository-layout(5)), with the common directory.
// The pointers only ever take rights away.
func gitPointers(name string) []lead {
	info, err := os.Lstat(name)
	if err != nil {
		return nil
	}
	var out []lead
	if info.Mode()&os.ModeSymlink != 0 {
		to, err := os.Readlink(name)
		if err != nil {
			return nil
		}
		out = append(out, lead{name, resolve(filepath.Dir(name), to)})
		if info, err = os.Stat(name); err != nil {
			return out
		}
	}
	if !info.Mode().IsRegular() || !trustname.IsGitDir(filepath.Base(name)) {
		return out
	}
	to, ok := strings.CutPrefix(beginning(name), "gitdir:")
	if !ok {
		return out
	}
	gitDir := resolve(filepath.Dir(name), strings.TrimSpace(to))
	out = append(out, lead{name, gitDir})
	if common := strings.TrimSpace(beginning(filepath.Join(gitDir, "commondir"))); common != "" {
		out = append(out, lead{name, resolve(gitDir, common)})
	}
	return out
}

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
