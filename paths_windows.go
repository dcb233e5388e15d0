package lockstile

import (
	"path/filepath"
	"slices"
	"strings"
)

// commandPaths lists the possible files of a command: in PATH's folders, with the
// startable endings of PATHEXT. The current folder is not part of PATH here: otherwise
// whoever writes the workspace would choose the program.
func commandPaths(name, dir string, env []string) []string {
	var endings []string
	if filepath.Ext(name) != "" {
		endings = append(endings, "")
	}
	list := lookup(env, "PATHEXT")
	if list == "" {
		list = defaultEndings
	}
	for ending := range strings.SplitSeq(strings.ToLower(list), ";") {
		if slices.Contains(startable, ending) {
			endings = append(endings, ending)
		}
	}
	folders := []string{""}
	switch {
	case filepath.IsAbs(name):
	case strings.ContainsAny(name, `\/:`):
		folders = []string{dir}
	default:
		folders = filepath.SplitList(lookup(env, "PATH"))
	}
	var out []string
	for _, folder := range folders {
		if folder != "" && !filepath.IsAbs(folder) {
			folder = filepath.Join(dir, folder)
		}
		for _, ending := range endings {
			out = append(out, filepath.Join(folder, name+ending))
		}
	}
	return out
}

// defaultEndings are the endings of programs if PATHEXT is not set.
const defaultEndings = ".com;.exe;.bat;.cmd"

// startable are the endings of programs, and of scripts for cmd.exe.
var startable = strings.Split(defaultEndings, ";")
