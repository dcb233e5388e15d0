package lockstile

import (
	"path/filepath"
	"slices"
	"strings"
)

// commandPaths lists the files that a command may be: in PATH's folders, with those of
// PATHEXT's endings that can be started. The folder that one is in is no part of PATH here, since whoever writes
// the workspace would choose the program.
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

// defaultEndings are those that programs have where PATHEXT is not set.
const defaultEndings = ".com;.exe;.bat;.cmd"

// startable are the endings of what is a program by itself, or cmd.exe's.
var startable = strings.Split(defaultEndings, ";")
