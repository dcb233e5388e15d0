package obstacle

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/trail"
)

// mostScript is the most bytes of a command line that are read.
const mostScript = 16 << 10

// namedByCommand names the place of an obstacle by the command line, if the command line
// has one place that the policy keeps from writing.
func (s Seen) namedByCommand(o Obstacle) Obstacle {
	best := ""
	for _, path := range s.pathsOf() {
		switch {
		case !s.changes(path), trail.Within(path, best) && best != "":
		case best == "" || trail.Within(best, path):
			best = path
		default:
			return o
		}
	}
	if best == "" {
		return o
	}
	named, _ := s.writing(best, false)
	return named
}

// changes reports whether the policy keeps a path from writing, in a place that commands
// could be meant to write.
func (s Seen) changes(path string) bool {
	real := s.real(path)
	dir, _ := nearest(real)
	if s.unseen(real) || dir == "/" || slices.ContainsFunc(systemFolders[:], func(folder string) bool { return trail.Within(dir, folder) }) {
		return false
	}
	_, denied := s.writing(path, false)
	return denied
}

// unwritten is for a failed write without an errno: a place that the line, the lines
// around it, or the command line names, and the policy keeps from writing.
func (s Seen) unwritten(h hit) (Obstacle, bool) {
	if o, ok := s.deniedWrite(h); ok {
		return o, true
	}
	for _, line := range h.after {
		if path, found := strings.CutPrefix(line, "To "); found && filepath.IsAbs(path) { // git push
			return s.writing(path, true)
		}
	}
	for _, line := range h.before {
		for _, path := range fullPaths(line) { // of a message in several lines
			if o, denied := s.writing(filepath.Clean(path), true); denied {
				return o, true
			}
		}
	}
	o := s.namedByCommand(Obstacle{})
	return o, o.What != "" && s.Failed
}

// silent explains a command that failed without a word: a hidden file or a host that the
// command line names.
func (s Seen) silent() []Obstacle {
	var out []Obstacle
	for _, path := range s.pathsOf() {
		o, hidden := s.reading(path)
		if hidden && s.covered(s.real(path)) && len(out) < mostInferred && !slices.ContainsFunc(out, func(x Obstacle) bool { return x.What == o.What }) {
			o.Kind = Inferred
			out = append(out, o)
		}
	}
	if host := s.askedHost(); host != "" && len(out) == 0 && !s.Policy.NetworkOpen() {
		o := Obstacle{Kind: Inferred, What: host, Cause: "the network is off: commands have only a loopback of their own, and " + host + " can't be reached"}
		o.propose(s.network())
		out = append(out, o)
	}
	return out
}

// quiet are programs that say by their exit code alone that a host was out of reach. With
// code 1, which many programs have, the program must be the last of the command line.
var quiet = map[string][]int{
	"curl": {6, 7, 28}, "wget": {4}, "getent": {2}, "dig": {9, 10}, "nc": {1}, "ncat": {1}, "host": {1}, "nslookup": {1}, "ssh-keyscan": {1}, "ping": {1, 2},
}

// askedHost returns the host for which a quiet program failed, "" for none.
func (s Seen) askedHost() string {
	text := s.script()
	if i := strings.LastIndexAny(strings.TrimRight(text, "\n;|& "), "\n;|&"); i >= 0 && s.Status == 1 {
		text = text[i+1:]
	}
	words := strings.FieldsFunc(text, parts)
	for i, word := range words {
		if !slices.Contains(quiet[filepath.Base(word)], s.Status) {
			continue
		}
		for _, argument := range words[i+1:] {
			if host := hostOfWord(argument); host != "" {
				return host
			}
		}
	}
	return ""
}

// hostOfWord returns the host of an address or a name, "" for other words.
func hostOfWord(word string) string {
	_, rest, url := strings.Cut(word, "://")
	if !url {
		rest = word
	}
	host := hostIn(rest)
	if !url && (host != word || strings.HasPrefix(word, "-")) {
		return ""
	}
	return host
}

// script returns the beginning of the command line.
func (s Seen) script() string {
	text := strings.Join(s.Argv, "\n")
	return text[:min(len(text), mostScript)]
}

// parts splits a command line into words; the marks of shells and languages go.
func parts(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`;|&()<>,=", r) }

// pathsOf returns the full paths in the command line. "~" and HOME are the user's home.
func (s Seen) pathsOf() []string {
	home := os.Getenv("HOME")
	var out []string
	for word := range strings.FieldsFuncSeq(s.script(), parts) {
		for _, sign := range [...]string{"~", "$HOME", "${HOME}", "$ENV{HOME}"} {
			if rest, found := strings.CutPrefix(word, sign); found && (rest == "" || rest[0] == '/') && home != "" {
				word = home + rest
				break
			}
		}
		if filepath.IsAbs(word) && len(word) > 1 && len(out) < 4*mostNames && !strings.ContainsAny(word, "$*?[{\x00") {
			out = append(out, filepath.Clean(word))
		}
	}
	return out
}
