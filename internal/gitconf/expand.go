package gitconf

import (
	"os"
	"path/filepath"
	"strings"
)

// prefixes are the folders below which git may be installed. git's own configuration names
// files there by "%(prefix)/".
var prefixes = []string{"/usr", "/usr/local", "/opt/homebrew", "/home/linuxbrew/.linuxbrew", "/opt/local"}

// Expand returns the paths that a path of a configuration may mean: "~/" is the user's home
// folder, "~NAME/" another user's, and "%(prefix)/" a folder in which git may be installed.
// ok is false if a home folder isn't known.
func (l *Loader) Expand(path string) (paths []string, ok bool) {
	if rest, prefixed := strings.CutPrefix(path, "%(prefix)/"); prefixed {
		if isAbsolute(rest) {
			return []string{rest}, true
		}
		for _, p := range prefixes {
			paths = append(paths, p+"/"+rest)
		}
		return paths, true
	}
	if !strings.HasPrefix(path, "~") {
		return []string{path}, true
	}
	name, rest := path[1:], ""
	if at := strings.IndexByte(name, '/'); at >= 0 {
		name, rest = name[:at], name[at:]
	}
	home := l.Home
	if name != "" && !l.isUser(name) {
		home = homeOf(name)
	}
	if home == "" {
		return nil, false
	}
	return []string{home + rest}, true
}

// isUser reports whether a name is the user's, who may not be in /etc/passwd.
func (l *Loader) isUser(name string) bool {
	for _, variable := range []string{"USER", "LOGNAME"} {
		if user, ok := l.variable(variable); ok && user == name && homeOf(name) == "" {
			return true
		}
	}
	return false
}

// homeOf returns the home folder of another user, or "".
func homeOf(user string) string {
	b, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if fields := strings.Split(strings.TrimSuffix(line, "\n"), ":"); len(fields) == 7 && fields[0] == user {
			return fields[5]
		}
	}
	return ""
}

// isAbsolute reports whether git takes a path as absolute.
func isAbsolute(path string) bool {
	return filepath.IsAbs(path) || path != "" && os.IsPathSeparator(path[0])
}

// folderOf returns the beginning of a path up to the last slash: ".." after a link is the
// kernel's to follow.
func folderOf(path string) string {
	for i := len(path); i > 0; i-- {
		if os.IsPathSeparator(path[i-1]) {
			return path[:i]
		}
	}
	return ""
}
