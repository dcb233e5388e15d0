// Package trustname lists the trusted names: protected names that a command may not make,
// and hand-off names that the record reports. Package trustname must never ask a file
// system.
package trustname

import (
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
)

// Name is a file name, or a pattern over names, that other programs trust.
type Name struct {
	Pattern  string // a name, or a glob over a name (* ? []); among hand-off names possibly a path of several components
	RootOnly bool   // meant only directly below a writable root, not deeper
	Why      string // the trusting program, for explain and the documentation
}

// protectedNames is the only list of protected names: plan, explain and the documentation
// read the list.
var protectedNames = [...]Name{
	{".git", false, "git runs programs named in its hooks and config"},
	{".codex", false, "configuration of a coding agent"},
	{".agents", false, "instructions and skills of coding agents"},
	{ownName, false, "configuration of this product"},
	{".claude", false, "configuration and hooks of a coding agent"},
	{".vscode", false, "editor tasks and settings start programs"},
	{".idea", false, "editor run configurations start programs"},
	{".envrc", false, "direnv sources it in the user's shell"},
	{".husky", false, "git hooks kept in the tree"},
	{".mcp.json", false, "names tool servers that agents start"},
	{".hg", false, "hg runs programs named in its hooks and config"},
	{".jj", false, "jj runs programs named in its config"},
	{".sl", false, "sl runs programs named in its hooks and config"},

	{".cursor", true, "configuration and hooks of a coding agent"},
	{".gemini", true, "configuration of a coding agent"},
	{".opencode", true, "configuration and plugins of a coding agent"},
	{".windsurf", true, "configuration and workflows of a coding agent"},
	{".kiro", true, "configuration and hooks of a coding agent"},
	{".amazonq", true, "configuration of a coding agent"},
	{".zed", true, "editor tasks and settings start programs"},
	{".devcontainer", true, "commands that an editor runs on the host"},
	{gitModules, true, "tells git which submodules to update, and how"},
	{".gitconfig", true, "git configuration when the root is a home, or is included from one"},
	{".bashrc", true, "shell start file"},
	{".bash_profile", true, "shell start file"},
	{".bash_login", true, "shell start file"},
	{".bash_logout", true, "shell exit file"},
	{".profile", true, "shell start file"},
	{".zshrc", true, "shell start file"},
	{".zshenv", true, "shell start file"},
	{".zprofile", true, "shell start file"},
	{".zlogin", true, "shell start file"},
	{".zlogout", true, "shell exit file"},
	{".kshrc", true, "shell start file"},
	{"*.code-workspace", true, "editor tasks and settings start programs"},
}

// Protected returns the names that a command may not create, change, remove or rename
// below a writable root, existing or not. A protected folder protects everything inside.
func Protected() []Name { return slices.Clone(protectedNames[:]) }

// IsProtected reports whether name, a path component, is protected. atRoot says that the
// name lies directly below a writable root. Spellings that a file system may equate with
// a protected name count too: other case, ignorable code points, and on Windows also
// trailing dots and spaces, streams and short names.
func IsProtected(name string, atRoot bool) bool {
	return isProtectedOn(runtime.GOOS, name, atRoot)
}

// MayBeProtected is a quick look: after false, IsProtected is false too.
func MayBeProtected(name string) bool {
	return runtime.GOOS == "windows" || name != "" && (name[0] == '.' || name[len(name)-1] == 'e' || name[len(name)-1] == 'E' || strings.IndexByte(name, '~') >= 0 ||
		strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }))
}

// IsGitDir reports whether any file system takes name, a path component, for ".git".
func IsGitDir(name string) bool {
	return isProtectedOn(runtime.GOOS, name, false) && strings.HasPrefix(Fold(name), ".git")
}

// IsGitModules reports whether any file system takes name, a path component, for
// ".gitmodules".
func IsGitModules(name string) bool {
	if runtime.GOOS == "windows" {
		name = win32Name(name)
		if isShortNameOf(Fold(name), gitModules) {
			return true
		}
	}
	return Fold(name) == gitModules
}

// gitModules is a protected name where commands can't commit, and a hand-off name where
// they can: "git submodule add" writes the file, and git on the host obeys no command in it.
const gitModules = ".gitmodules"

// ownName is the name of this product's configuration.
const ownName = ".lockstile"

func isProtectedOn(goos, name string, atRoot bool) bool {
	if goos == "windows" {
		name = win32Name(name)
	}
	folded := Fold(name)
	for i := range protectedNames {
		n := &protectedNames[i]
		if n.RootOnly && !atRoot {
			continue
		}
		if glob.MatchName(n.Pattern, folded) {
			return true
		}
		if goos == "windows" && isShortNameOf(folded, n.Pattern) {
			return true
		}
	}
	return false
}

// win32Name removes the parts of a name that Win32 ignores: a stream after a colon, then
// dots and spaces at the end.
func win32Name(name string) string {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	return strings.TrimRight(name, ". ")
}

// isShortNameOf reports whether folded can be the 8.3 name that NTFS made for a protected
// name: up to six characters of its base, a tilde and a digit. Any digit counts, since
// the digit depends on the other files in the folder.
func isShortNameOf(folded, protected string) bool {
	base, rest, ok := strings.Cut(folded, "~")
	if !ok || base == "" || rest == "" || rest[0] < '1' || rest[0] > '9' {
		return false
	}
	long := strings.TrimLeft(protected, ".*")
	if ext := path.Ext(long); ext != "" && ext != long {
		long = strings.TrimSuffix(long, ext)
	}
	long = strings.ReplaceAll(long, "-", "_")
	return base == long[:min(6, len(long))]
}
