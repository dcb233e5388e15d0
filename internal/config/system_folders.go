package config

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

// systemTrees are folders that programs of the machine obey, with all below; systemFolders
// are folders that hold the folders of others, by themselves. "~" is the user's home. The
// exceptions are places for projects.
var (
	systemTrees = []string{
		"/etc", "/usr", "/boot", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/var/spool", "/var/lib/dpkg", "/var/lib/systemd",
		"/System", "/Library", "/Applications", "/private/etc",
		"~/.config", "~/.local/bin", "~/.local/share/systemd", "~/.local/share/applications", "~/bin", "~/Library", "~/AppData",
		`C:\Windows`, `C:\Program Files`, `C:\Program Files (x86)`, `C:\ProgramData`,
	}
	systemFolders = []string{
		"/home", "/root", "/var", "/var/lib", "/var/log", "/var/cache", "/var/www", "/private", "/private/var", "/opt", "/srv", "/mnt", "/media", "/Users", "/Volumes",
		"~/.local", "~/.local/share", "~/.local/state", `C:\Users`,
	}
	systemExceptions = []string{"/usr/src", "/usr/local/src", "~/Library/Mobile Documents", "~/AppData/Local/Temp"}
)

const dangerousKey = "sandbox_workspace_write.dangerous_system_folders"

// systemFolder returns the folder of the machine that a canonical folder is or lies in, ""
// for other places. accepted are the folders that the user has named as wanted.
func systemFolder(dir, userHome string, accepted []string) string {
	below := func(tree string) bool { return contains(tree, folded(dir)) }
	if slices.ContainsFunc(accepted, func(a string) bool { return contains(folded(a), folded(dir)) }) {
		return ""
	}
	if slices.ContainsFunc(places(systemExceptions, userHome), func(x string) bool { return below(x) && folded(dir) != x }) {
		return ""
	}
	for _, tree := range places(systemTrees, userHome) {
		if below(tree) && !(userHome != "" && contains(tree, folded(userHome)) && contains(folded(userHome), folded(dir))) {
			return tree
		}
	}
	for _, one := range places(systemFolders, userHome) {
		if folded(dir) == one {
			return one
		}
	}
	return ""
}

// places are the folders of a list on this machine, without links.
func places(list []string, userHome string) (out []string) {
	for _, name := range list {
		if rest, ok := strings.CutPrefix(name, "~"); ok {
			if userHome == "" {
				continue
			}
			name = userHome + rest
		}
		out = append(out, folded(filepath.Clean(name)))
	}
	return out
}

// folded returns a path in the form for comparing: some systems take upper for lower case.
func folded(path string) string {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.ToLower(path)
	}
	return path
}

// acceptedFolders are the folders of the machine that the user has named as wanted.
func acceptedFolders(in Input, s settings) (out []string, err error) {
	for _, item := range s.list(dangerousKey) {
		path, problem := expand(item, in.UserHome)
		if problem != "" {
			return nil, refuse("give an absolute path", "%s%s: %s %s", at(s.get(dangerousKey).from), dangerousKey, quote(item), problem)
		}
		out = append(out, canonicalOrClean(path))
	}
	return out, nil
}

// systemProblem says why a folder of the machine can't be writable, "" for other folders.
func systemProblem(dir string, in Input, accepted []string) (problem, hint string) {
	tree := systemFolder(dir, in.UserHome, accepted)
	if tree == "" {
		return "", ""
	}
	problem = "is a system folder: programs of this machine obey what lies there, or it holds what belongs to others"
	if tree != folded(dir) {
		problem = fmt.Sprintf("lies in the system folder %s: programs of this machine obey what lies there", tree)
	}
	return problem, fmt.Sprintf("start in a project's folder, or use --sandbox read-only; if commands are to change this machine: -c %s", plain.ShellWord(dangerousKey+"=["+quote(dir)+"]"))
}
