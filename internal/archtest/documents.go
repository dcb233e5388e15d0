package archtest

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// A document is Markdown. Paths are looked for where they are written as code (in backticks,
// in a block) and in the targets of links.
var (
	codeSpan   = regexp.MustCompile("`([^`]+)`")
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pathWord   = regexp.MustCompile(`^[A-Za-z0-9_.*-]+(/[A-Za-z0-9_.*-]+)+$`)
	symbol     = regexp.MustCompile(`\.[A-Z]\w*$`) // internal/plan.Foundation names internal/plan
)

// documents reports each missing path that a document names.
func documents(fsys fs.FS, t *tree) (found []Finding, err error) {
	for _, name := range t.documents {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		fenced, n := false, 0
		for line := range strings.Lines(string(text)) {
			n++
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
				continue
			}
			for _, named := range namedPaths(fsys, path.Dir(name), line, fenced) {
				if !isThere(fsys, named) {
					found = append(found, Finding{name, n, ruleDocument, fmt.Sprintf("names %s, which isn't there", named)})
				}
			}
		}
	}
	return found, nil
}

// namedPaths are the paths of the module that a line of a document names, from the root.
func namedPaths(fsys fs.FS, dir, line string, fenced bool) (named []string) {
	for _, m := range linkTarget.FindAllStringSubmatch(line, -1) {
		target, _, _ := strings.Cut(m[1], "#")
		if target != "" && !strings.Contains(target, ":") {
			named = append(named, path.Join(dir, target))
		}
	}
	code := []string{line}
	if !fenced && !strings.HasPrefix(line, "    ") {
		code = nil
		for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
			code = append(code, m[1])
		}
	}
	for word := range strings.FieldsSeq(strings.Join(code, " ")) {
		if p, ok := modulePath(fsys, word); ok {
			named = append(named, p)
		}
	}
	return named
}

// modulePath tells whether a word is meant as a path of the module: its first folder is one
// of the root, or of internal where a Go file is named in short.
func modulePath(fsys fs.FS, word string) (p string, ok bool) {
	word = strings.TrimSuffix(strings.TrimPrefix(strings.Trim(word, `"'(),;:`), "./"), "/...")
	word = strings.TrimRight(word, "/.")
	if !pathWord.MatchString(word) {
		return "", false
	}
	first, _, _ := strings.Cut(word, "/")
	switch {
	case first == ".git":
		return "", false
	case isFolder(fsys, first):
		return word, true
	case path.Ext(word) == ".go" && isFolder(fsys, "internal/"+first):
		return "internal/" + word, true
	}
	return "", false
}

func isFolder(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.IsDir()
}

// isThere looks for a path, which may be a pattern, or end in the name of something in a
// package.
func isThere(fsys fs.FS, name string) bool {
	for _, n := range []string{name, symbol.ReplaceAllString(name, "")} {
		if matches, err := fs.Glob(fsys, n); err == nil && len(matches) > 0 {
			return true
		}
	}
	return false
}
