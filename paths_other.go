//go:build !windows

package lockstile

import (
	"path/filepath"
	"strings"
)

// defaultPath is searched where PATH is not set, as by execvp(3) of glibc.
const defaultPath = "/bin:/usr/bin"

// commandPaths lists the possible files of a command, in the order of execvp(3). The
// files are tried inside the view: only there is it certain that a file exists.
func commandPaths(name, dir string, env []string) []string {
	if strings.Contains(name, "/") {
		return []string{name}
	}
	list := lookup(env, "PATH")
	if list == "" {
		list = defaultPath
	}
	var out []string
	for _, d := range filepath.SplitList(list) {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		out = append(out, filepath.Join(d, name))
	}
	return out
}
