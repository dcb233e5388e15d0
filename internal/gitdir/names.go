package gitdir

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockstile/lockstile/internal/trustname"
)

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isHex reports whether s has the digits by which git writes names of objects.
func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }

func isHash(s string) bool { return (len(s) == 40 || len(s) == 64) && isHex(s) }

// isRandom reports whether s can take the place of XXXXXX in a name of mkstemp(3).
func isRandom(s string) bool {
	return len(s) == 6 && strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// isNameRune reports whether a name may have the character. A shell, a prompt and git's
// configuration take these characters for themselves.
func isNameRune(r rune) bool {
	return r < utf8.RuneSelf && strings.ContainsRune("._@+#=,%-", r) ||
		r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// isName reports whether s is a single component with good characters, and no file system
// takes s for ".git".
func isName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.HasPrefix(s, "-") &&
		strings.IndexFunc(s, func(r rune) bool { return !isNameRune(r) }) < 0 && !isGitDir(s)
}

// isRefName reports whether a name like refs/heads/main may be that of a ref: git allows
// the name, the characters are good, and the ref replaces no object.
func isRefName(name string) bool {
	rest, ok := strings.CutPrefix(name, "refs/")
	if !ok || rest == "replace" || strings.HasPrefix(rest, "replace/") || strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		if !isName(part) || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.HasSuffix(part, lockSuffix) {
			return false
		}
	}
	return true
}

// isGitDir is trustname.IsGitDir for every system: a repository may lie on a disk that
// Windows or macOS read too.
func isGitDir(name string) bool {
	if trustname.IsGitDir(name) {
		return true
	}
	name, _, _ = strings.Cut(name, ":")
	folded := trustname.Fold(strings.TrimRight(name, " ."))
	return folded == ".git" || strings.HasPrefix(folded, "git~") && isNumber(folded[len("git~"):])
}

// isTreeName reports whether git lets a path into a tree.
func isTreeName(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || isGitDir(part) {
			return false
		}
		if strings.IndexByte(part, '\\') >= 0 && !isTreeName(strings.ReplaceAll(part, `\`, "/")) {
			return false // Windows reads a backslash as a slash
		}
	}
	return true
}

// isProtected reports whether a component of a path is a protected name. atRoot says that
// the path begins at the workspace; given are the names that the user has given up. A command that may commit may name submodules.
func isProtected(path string, atRoot bool, given []string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if trustname.MayBeProtected(part) && trustname.Protects(part, atRoot, given) && !trustname.IsGitModules(part) {
			return true
		}
		atRoot = false
	}
	return false
}
