package tui

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// choices are the completions of the word before the cursor.
type choices struct {
	from   int // where the word begins in the editor's text
	items  []choice
	chosen int
	closed bool // by Esc, until the word changes
	word   string
}

type choice struct {
	text string // what is inserted
	help string
	ends bool // nothing follows: Enter sends the line
}

// mostChoices is how many completions are shown.
const mostChoices = 6

// complete finds the completions for a text.
func complete(e *editor, before choices, files []string) choices {
	from := e.blankLeft()
	if e.at > 0 && e.text[e.at-1] == ' ' {
		from = e.at
	}
	word := string(e.text[from:e.at])
	c := choices{from: from, word: word}
	switch {
	case from == 0 && strings.HasPrefix(word, "/") && e.at == len(e.text):
		for _, command := range commands {
			if strings.HasPrefix(command.name, word) {
				c.items = append(c.items, choice{command.name, command.help, command.words == "" || command.name == "/model" || command.name == "/resume"})
			}
		}
	case strings.HasPrefix(word, "@"):
		for _, name := range matching(files, word[1:]) {
			c.items = append(c.items, choice{text: "@" + name})
		}
	}
	if before.word == word && before.from == from {
		c.closed, c.chosen = before.closed, min(before.chosen, max(len(c.items)-1, 0))
	}
	if c.closed {
		c.items = nil
	}
	return c
}

// matching returns the names that contain part. Names whose last element begins with part
// come first.
func matching(names []string, part string) (found []string) {
	part = strings.ToLower(part)
	var later []string
	for _, name := range names {
		lower := strings.ToLower(name)
		switch {
		case strings.HasPrefix(path.Base(lower), part) || strings.HasPrefix(lower, part):
			found = append(found, name)
		case len(later) < mostChoices && strings.Contains(lower, part):
			later = append(later, name)
		}
		if len(found) == mostChoices {
			return found
		}
	}
	found = append(found, later...)
	return found[:min(len(found), mostChoices)]
}

// take puts the chosen completion into the text.
func (c *choices) take(e *editor) choice {
	chosen := c.items[c.chosen]
	e.delete(c.from, e.at)
	e.insert(chosen.text)
	if !chosen.ends {
		e.insert(" ")
	}
	*c = choices{}
	return chosen
}

// draw lists the completions, with the chosen one marked.
func (c *choices) draw(w int) (lines []string) {
	first := max(min(c.chosen-mostChoices/2, len(c.items)-mostChoices), 0)
	for n, item := range c.items {
		if n < first || n >= first+mostChoices {
			continue
		}
		mark, style := "  ", faint
		if n == c.chosen {
			mark, style = in(blue, "› "), ""
		}
		line := "  " + mark + in(style, Safe(item.text))
		if item.help != "" {
			line += strings.Repeat(" ", max(16-len(item.text), 1)) + in(faint, item.help)
		}
		lines = append(lines, cut(line, w-1))
	}
	return lines
}

// The bounds of a walk through the workspace.
const (
	mostFiles   = 20_000
	mostFolders = 2_000
	walkTime    = 300 * time.Millisecond
	walkAge     = 10 * time.Second // after which the workspace is walked again
)

// skipped are folders with the files of tools: users hardly name such files.
var skipped = []string{".git", ".hg", ".svn", ".jj", "node_modules", "__pycache__", ".venv", "venv", "target", "dist", ".cache", ".tox", ".mypy_cache", ".gradle", ".terraform"}

// walk lists the files of the workspace, the upper ones first. Links are not followed. A
// name that can't be shown as it is, is left out: the shown name must be the named file.
func walk(readDir func(string) ([]fs.DirEntry, error), until time.Time) (files []string) {
	folders := []string{"."}
	for n := 0; n < len(folders) && n < mostFolders && time.Now().Before(until); n++ {
		entries, err := readDir(folders[n])
		if err != nil {
			continue
		}
		for _, entry := range entries {
			name := path.Join(folders[n], entry.Name())
			switch {
			case Safe(name) != name || strings.ContainsAny(name, " \t"):
			case entry.IsDir():
				if !slices.Contains(skipped, entry.Name()) {
					folders = append(folders, name)
					files = append(files, name+"/")
				}
			default:
				files = append(files, name)
			}
			if len(files) >= mostFiles {
				return files
			}
		}
	}
	return files
}
