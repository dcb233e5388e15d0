package gitconf

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Files returns the files with which git begins to read, but those of a repository: the
// system's and the user's, in the order of git. The environment may name other files; the
// usual files stay, for programs of the host that have another environment. A path of the
// environment may be relative: git opens it in its own folder.
func (l *Loader) Files() (paths []string) {
	add := func(file string) {
		if file != "" && !slices.Contains(paths, file) {
			paths = append(paths, file)
		}
	}
	for _, file := range systemFiles(l.variable) {
		add(file)
	}
	value := func(name string) string { v, _ := l.variable(name); return v }
	if file := value("GIT_CONFIG_SYSTEM"); file != "" {
		add(file)
		add(path.Clean(file)) // git cleans the path since 2.33
	}
	add(value("GIT_CONFIG_GLOBAL"))
	if dir := value("XDG_CONFIG_HOME"); dir != "" {
		add(dir + "/git/config")
	}
	if l.Home != "" {
		add(l.Home + "/.config/git/config")
		add(l.Home + "/.gitconfig")
	}
	add(value("GIT_CONFIG"))
	return paths
}

// environment returns the entries of GIT_CONFIG_COUNT and of GIT_CONFIG_PARAMETERS, which
// "git -c" sets.
func environment(lookup func(name string) (string, bool)) ([]Entry, error) {
	entries, err := counted(lookup)
	if err != nil {
		return entries, err
	}
	text, _ := lookup("GIT_CONFIG_PARAMETERS")
	more, err := parameters(text)
	return append(entries, more...), err
}

// counted returns the entries that GIT_CONFIG_COUNT counts.
func counted(lookup func(name string) (string, bool)) (entries []Entry, err error) {
	text, _ := lookup("GIT_CONFIG_COUNT")
	if text == "" {
		return nil, nil
	}
	count, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimLeft(text, " \t\n\v\f\r"), "+"), 10, 64)
	if err != nil || count > math.MaxInt32 {
		return nil, &Error{Reason: "GIT_CONFIG_COUNT is no number"}
	}
	for i := range count {
		key, ok := lookup(fmt.Sprintf("GIT_CONFIG_KEY_%d", i))
		value, valued := lookup(fmt.Sprintf("GIT_CONFIG_VALUE_%d", i))
		if !ok || !valued {
			return entries, &Error{Reason: fmt.Sprintf("GIT_CONFIG_KEY_%d or GIT_CONFIG_VALUE_%d is missing", i, i)}
		}
		if key, ok = lowered(key); !ok {
			return entries, &Error{Reason: fmt.Sprintf("GIT_CONFIG_KEY_%d is no key", i)}
		}
		entries = append(entries, Entry{Key: key, Value: value})
	}
	return entries, nil
}

// parameters returns the entries of GIT_CONFIG_PARAMETERS: 'KEY=VALUE', or since git 2.31
// 'KEY'='VALUE', with white space between. Before 2.52 git takes white space around the
// first kind of KEY away.
func parameters(text string) (entries []Entry, err error) {
	bad := &Error{Reason: "git can't read GIT_CONFIG_PARAMETERS"}
	for text != "" {
		key, rest, ok := unquote(text)
		if !ok {
			return entries, bad
		}
		var value string
		bare := false
		switch {
		case rest == "" || isSpace(rest[0]):
			var valued bool
			key, value, valued = strings.Cut(key, "=")
			key, bare = strings.Trim(key, " \t\n\r"), !valued
		case rest[0] != '=':
			return entries, bad
		case len(rest) == 1 || isSpace(rest[1]):
			rest, bare = rest[1:], true
		default:
			if value, rest, ok = unquote(rest[1:]); !ok || rest != "" && !isSpace(rest[0]) {
				return entries, bad
			}
		}
		if key, ok = lowered(key); !ok {
			return entries, &Error{Reason: "GIT_CONFIG_PARAMETERS has a word that is no key"}
		}
		entries = append(entries, Entry{Key: key, Value: value, Bare: bare})
		text = strings.TrimLeft(rest, " \t\n\r")
	}
	return entries, nil
}

// unquote returns the word in single quotes with which a text begins, and the rest. Within,
// '\” is a quote and '\!' an exclamation mark, as sq_dequote_step of git reads.
func unquote(text string) (word, rest string, ok bool) {
	if !strings.HasPrefix(text, "'") {
		return "", "", false
	}
	var out strings.Builder
	for text = text[1:]; ; {
		part, after, closed := strings.Cut(text, "'")
		if !closed {
			return "", "", false
		}
		out.WriteString(part)
		if len(after) < 3 || after[0] != '\\' || after[1] != '\'' && after[1] != '!' || after[2] != '\'' {
			return out.String(), after, true
		}
		out.WriteByte(after[1])
		text = after[3:]
	}
}

// lowered returns a key as git reads it outside of files: section and name in lower case.
func lowered(key string) (string, bool) {
	first, last := strings.IndexByte(key, '.'), strings.LastIndexByte(key, '.')
	if last <= 0 || last == len(key)-1 || !isLetter(key[last+1]) {
		return "", false
	}
	out := []byte(key)
	for i, c := range out {
		switch {
		case i >= first && i <= last:
			if c == '\n' {
				return "", false
			}
		case !isName(c):
			return "", false
		default:
			out[i] = lower(c)
		}
	}
	return string(out), true
}
