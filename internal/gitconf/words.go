package gitconf

import "strings"

const (
	// mostNested is how deep words looks for words within words, as of "sh -c '...'".
	mostNested = 4
	// mostPath is the most bytes of a path that a system opens.
	mostPath = 32767
	// mostFolder and mostFolders bound the folders of "cd", which are joined with each word after.
	mostFolder  = 256
	mostFolders = 8
)

// words returns all words of a command that a shell could see, more than a shell would: no
// word is expanded, nothing is run. More than mostLeads words are too many for any file.
func words(command string) []string {
	if isSwitch(command) {
		return nil
	}
	w := wordList{seen: map[string]bool{}}
	w.add(command) // a path with blanks
	w.split(command, 0)
	return w.words
}

// withSlash returns the words that have a slash, and so can't be commands of git.
func withSlash(words []string) (out []string) {
	for _, w := range words {
		if strings.Contains(w, "/") {
			out = append(out, w)
		}
	}
	return out
}

// wordList collects words, each once.
type wordList struct {
	words   []string
	seen    map[string]bool
	folders []string // to which the command may have changed so far, the last first
}

func (l *wordList) add(word string) {
	if strings.Trim(word, "./") == "" || len(word) > mostPath || len(l.words) > mostLeads || l.seen[word] {
		return
	}
	l.seen[word] = true
	l.words = append(l.words, word)
}

// split adds the words of a command: as a shell splits it, and at each blank and quote.
func (l *wordList) split(command string, depth int) {
	l.folders = nil
	before := ""
	for _, word := range shellWords(command) {
		l.addParts(word)
		if before == "cd" && len(word) < mostFolder {
			l.enter(word)
		}
		before = word
		if depth < mostNested && len(word) < len(command) && strings.ContainsAny(word, " \t\n\r'\"`\\;&|()<>") {
			folders := l.folders
			l.split(word, depth+1)
			l.folders = folders
		}
	}
	for word := range strings.FieldsFuncSeq(command, func(r rune) bool { return strings.ContainsRune(" \t\n\r'\"`;&|()<>", r) }) {
		l.addParts(word)
	}
}

// enter notes the folder of a "cd", by itself and below the folders of the last ones: nobody
// knows which of them were in the same shell.
func (l *wordList) enter(folder string) {
	folders := []string{folder}
	for _, last := range l.folders {
		if !isAbsolute(folder) && len(folders) < mostFolders && len(last)+len(folder) < mostFolder {
			folders = append(folders, last+"/"+folder)
		}
	}
	l.folders = folders
}

// addParts adds a word, and the parts that may be paths: FILE of --option=FILE, of -oFILE,
// and of $FOLDER/FILE.
func (l *wordList) addParts(word string) {
	l.addPath(word)
	if len(word) > 2 && word[0] == '-' {
		l.addPath(word[2:])
	}
	if at := strings.LastIndexByte(word, '$'); at > 0 {
		l.addPath(word[at:])
	}
	parts := strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("=,:@{}$!", r) })
	if len(parts) == 1 && parts[0] == word {
		return
	}
	for _, part := range parts {
		l.addPath(part)
		if _, rest, ok := strings.Cut(part, "/"); ok && strings.Contains(word, "$"+part) {
			l.addPath(rest)
		}
	}
}

// addPath adds a path as it stands, below the folders of "cd", and without the slash that may
// follow an expansion.
func (l *wordList) addPath(path string) {
	l.add(path)
	l.add(strings.TrimLeft(path, "/"))
	if isAbsolute(path) {
		return
	}
	for _, folder := range l.folders {
		if path != folder {
			l.add(folder + "/" + path)
		}
	}
}

// shellWords splits a command as a shell does, without any expansion. What is between quotes
// that don't end is a word too.
func shellWords(command string) (words []string) {
	var word []byte
	began := false
	end := func() {
		if began {
			words = append(words, string(word))
		}
		word, began = word[:0], false
	}
	quote := byte(0)
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(command):
			i++
			word, began = append(word, command[i]), true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, began = c, true
		case quote == 0 && strings.IndexByte(" \t\n\r;&|()<>`", c) >= 0:
			end()
		default:
			word, began = append(word, c), true
		}
	}
	end()
	return words
}
