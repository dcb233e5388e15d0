// Package glob matches paths against the patterns of the configuration. The time of a
// match is bounded by the lengths, for every pattern. Package glob must never ask a file
// system.
package glob

import (
	"strings"
	"unicode/utf8"
)

// Match reports whether the slash-separated pattern matches the whole path. Within one
// component, * stands for any characters, ? for a single character and [a-z], [!a-z] or
// [^a-z] for a member of a set; ** as a whole component stands for any number of
// components, or none. A final ** stands for everything below a folder, but not the
// folder, as in gitignore. Unlike in a shell, * matches a leading dot: a rule about files
// must not miss hidden files. There is no escape; [*] means a star. An unclosed [ is
// literal.
//
// The work is at most len(pattern) × len(path) steps, for any pattern and path.
func Match(pattern, path string) bool {
	return matchComponents(patternComponents(pattern), components(path), false)
}

// Covers reports whether the pattern matches the path or a folder above it.
func Covers(pattern, path string) bool {
	return matchComponents(patternComponents(pattern), components(path), true)
}

// MayCover is a quicker Covers for a clean path that compares only the pattern's literal
// folders: if MayCover returns false, Covers does too.
func MayCover(pattern, clean string) bool {
	folders := Literal(pattern)
	folders = folders[:strings.LastIndexByte(folders, '/')+1]
	if strings.Contains(folders, "//") || strings.Contains(folders, "/./") || strings.HasPrefix(folders, "./") {
		return true // not clean itself
	}
	return strings.HasPrefix(clean, folders) || clean+"/" == folders
}

// patternComponents is components, with the last ** written as **/*.
func patternComponents(p string) []string {
	parts := components(p)
	if len(parts) > 0 && parts[len(parts)-1] == "**" {
		parts = append(parts, "*")
	}
	return parts
}

// components splits at slashes. Empty components and "." have no meaning and are dropped,
// but a leading slash stays as an empty first component: thus absolute and relative paths
// never match each other.
func components(p string) []string {
	parts := make([]string, 0, 8)
	if strings.HasPrefix(p, "/") {
		parts = append(parts, "")
	}
	for part := range strings.SplitSeq(p, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return parts
}

// matchComponents matches component by component and, on a mismatch, lets only the last
// ** take another component: for an unanchored run of components the leftmost match is as
// good as any, and no earlier choice ever needs another try. With prefix set, the pattern
// may match only the leading components.
func matchComponents(pattern, path []string, prefix bool) bool {
	p, n := 0, 0
	star, mark := -1, 0
	for {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, mark = p, n
			p++
			continue
		case p == len(pattern) && (prefix || n == len(path)):
			return true
		case p < len(pattern) && n < len(path) && MatchName(pattern[p], path[n]):
			p++
			n++
			continue
		}
		if star < 0 || mark >= len(path) || isAnchor(path, mark) {
			return false
		}
		mark++
		p, n = star+1, mark
	}
}

// isAnchor reports whether the component is the leading slash. ** does not stand for the
// slash: the relative pattern "**" says nothing of absolute paths.
func isAnchor(path []string, i int) bool { return i == 0 && path[0] == "" }

// MatchName matches a component by the same method: only the last * is ever reconsidered.
func MatchName(pattern, name string) bool {
	// Most patterns are *WORD*, or begin with *W.
	if len(pattern) > 1 && pattern[0] == '*' && isLiteral(pattern[1]) {
		at := strings.IndexByte(name, pattern[1])
		if at < 0 {
			return false
		}
		name = name[at:] // the star stands for what is before, or for more
	}
	p, n := 0, 0
	star, mark := -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, mark = p, n
			p++
			continue
		}
		if pw, nw, ok := matchOne(pattern[p:], name[n:]); ok {
			p += pw
			n += nw
			continue
		}
		if star < 0 {
			return false
		}
		_, w := utf8.DecodeRuneInString(name[mark:])
		if mark += w; star+1 < len(pattern) && isLiteral(pattern[star+1]) {
			// The star stands for everything before the next such character.
			next := strings.IndexByte(name[mark:], pattern[star+1])
			if next < 0 {
				return false
			}
			mark += next
		}
		p, n = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// isLiteral reports whether a pattern's byte is an ASCII character without a special
// meaning.
func isLiteral(b byte) bool { return b < utf8.RuneSelf && b != '*' && b != '?' && b != '[' }

// matchOne matches the first element of pattern, not a star, against the first character
// of a name that is not empty. matchOne returns the matched bytes of each.
func matchOne(pattern, name string) (patternWidth, nameWidth int, ok bool) {
	if pattern == "" {
		return 0, 0, false
	}
	if isLiteral(pattern[0]) {
		return 1, 1, pattern[0] == name[0]
	}
	r, width := utf8.DecodeRuneInString(name)
	switch pattern[0] {
	case '?':
		return 1, width, true
	case '[':
		if body, size := class(pattern); size > 0 {
			return size, width, inClass(body, r)
		}
	}
	_, pw := utf8.DecodeRuneInString(pattern)
	if len(name) < pw || name[:pw] != pattern[:pw] {
		return 0, 0, false
	}
	return pw, pw, true
}

// class returns the inside of the set at the beginning of pattern and the set's whole
// length, or 0 for an unclosed set. A ] directly after the opening, or after its
// negation, is a member. class looks only at the next 64 bytes: thus a pattern of many
// open brackets stays linear.
func class(pattern string) (body string, size int) {
	start := 1
	if len(pattern) > 1 && (pattern[1] == '!' || pattern[1] == '^') {
		start = 2
	}
	for i := start + 1; i < len(pattern) && i < 64; i++ {
		if pattern[i] == ']' {
			return pattern[1:i], i + 1
		}
	}
	return "", 0
}

func inClass(body string, r rune) bool {
	negated := body[0] == '!' || body[0] == '^'
	if negated {
		body = body[1:]
	}
	for i := 0; i < len(body); {
		lo, w := utf8.DecodeRuneInString(body[i:])
		i += w
		hi := lo
		if i+1 < len(body) && body[i] == '-' {
			hi, w = utf8.DecodeRuneInString(body[i+1:])
			i += 1 + w
		}
		if lo <= r && r <= hi {
			return !negated
		}
	}
	return negated
}

// IsPattern reports whether the pattern holds a character with a special meaning.
func IsPattern(pattern string) bool { return strings.ContainsAny(pattern, "*?[") }

// Literal returns the part of the pattern before its first special
// character.
func Literal(pattern string) string {
	if i := strings.IndexAny(pattern, "*?["); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// Escape returns a pattern that matches exactly the given path.
func Escape(p string) string {
	if !IsPattern(p) {
		return p
	}
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(p)
}
