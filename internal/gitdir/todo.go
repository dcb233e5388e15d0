package gitdir

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// runsNothing reports whether a command of a todo, in its long or short form, runs nothing.
func runsNothing(word string) bool {
	switch word {
	case "pick", "p", "revert", "reword", "r", "edit", "e", "squash", "s", "fixup", "f", "drop", "d", "noop",
		"label", "l", "reset", "t", "merge", "m", "break", "b", "update-ref", "u":
		return true
	}
	return false
}

// checkTodo allows lines that run nothing when git on the host goes on. A line that begins
// with no letter is a comment, with whatever core.commentChar, or an error to git.
func checkTodo(content []byte) error {
	if bytes.IndexByte(content, 0) >= 0 {
		return errors.New("the todo has a zero byte")
	}
	for line := range strings.FieldsFuncSeq(string(content), func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimLeft(line, " \t")
		if line == "" || !isLetter(line[0]) {
			continue
		}
		word, rest := line, ""
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			word, rest = line[:i], strings.Trim(line[i:], " \t")
		}
		if word == "exec" || word == "x" {
			return fmt.Errorf("the todo runs a program: %q", shorten(line))
		}
		if !runsNothing(word) {
			return fmt.Errorf("the todo has the unknown command %q", shorten(word))
		}
		if (word == "update-ref" || word == "u") && !isRefName(rest) {
			return fmt.Errorf("the todo moves %q", shorten(rest))
		}
	}
	return nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
