package usage

import (
	"slices"
	"strings"
)

// Kind says what a shell is to complete.
type Kind string

const (
	Words   Kind = "words"   // the candidates alone
	Files   Kind = "files"   // names of files
	Folders Kind = "folders" // names of folders
	Line    Kind = "line"    // a command line of its own begins
)

// Candidate is a word that may stand at the cursor.
type Candidate struct{ Word, Does string }

// Completion is what may stand at the cursor.
type Completion struct {
	Kind       Kind
	Candidates []Candidate
	From       int // of Line: the place among the words at which the command line begins
}

// Complete completes the last of the words behind lockstile. keys are the keys of
// config.toml.
func Complete(words, keys []string) Completion {
	if len(words) == 0 {
		words = []string{""}
	}
	c, rest := resolve(words[:len(words)-1])
	last := words[len(words)-1]
	at, open := 0, Flag{}
	for i, w := range rest {
		switch {
		case open.Name != "":
			open = Flag{}
		case w == "--":
			return Completion{Kind: c.behind(), From: len(words) - len(rest) + i}
		case len(w) > 1 && w[0] == '-':
			if f, ok := c.flag(w); ok && f.Arg != "" && !strings.Contains(w, "=") {
				open = f
			}
		default:
			if at++; c.startsCommands() {
				return Completion{Kind: Line, From: len(words) - 1 - len(rest) + i}
			}
		}
	}
	if open.Name != "" {
		return valuesOf(open, last, keys)
	}
	if name, value, ok := strings.Cut(last, "="); ok && strings.HasPrefix(last, "--") {
		if f, ok := c.flag(name); ok {
			out := valuesOf(f, value, keys)
			for i := range out.Candidates {
				out.Candidates[i].Word = name + "=" + out.Candidates[i].Word
			}
			return out
		}
	}
	return c.next(last, at)
}

// resolve finds the command of the words so far, and returns the words behind its name.
func resolve(words []string) (Command, []string) {
	for n := min(2, len(words)); n > 0; n-- {
		if c, ok := Find(strings.Join(words[:n], " ")); ok {
			return c, words[n:]
		}
	}
	return All()[0], words
}

// flag finds a flag as typed.
func (c Command) flag(typed string) (Flag, bool) {
	name, _, _ := strings.Cut(strings.TrimLeft(typed, "-"), "=")
	i := slices.IndexFunc(c.Flags, func(f Flag) bool { return f.Name == name })
	if i < 0 {
		return Flag{}, false
	}
	return c.Flags[i], true
}

// startsCommands reports whether a command line follows.
func (c Command) startsCommands() bool { return strings.Contains(c.Args, "CMD") }

func (c Command) behind() Kind {
	if c.startsCommands() {
		return Line
	}
	return Files
}

// next lists what may stand behind a number of words.
func (c Command) next(last string, at int) Completion {
	var all []Candidate
	if strings.HasPrefix(last, "-") {
		for _, f := range c.Flags {
			all = append(all, Candidate{f.Spelled(), f.Does})
		}
		if c.startsCommands() {
			all = append(all, Candidate{"--", "the command follows"})
		}
		return starting(all, last)
	}
	if at > 0 {
		return Completion{Kind: Words}
	}
	for _, other := range All() {
		word, ok := strings.CutPrefix(other.Name, c.Name+" ")
		if c.Name == "" || c.Name == "help" {
			word, ok = other.Name, other.Name != ""
		}
		if ok && !strings.Contains(word, " ") {
			all = append(all, Candidate{word, other.Does})
		}
	}
	switch {
	case len(all) > 0:
		return starting(all, last)
	case c.Args == "PATH":
		return Completion{Kind: Files}
	case c.Args == "[WORKSPACE]" || c.Args == "[DIR]":
		return Completion{Kind: Folders}
	case c.startsCommands():
		return Completion{Kind: Words, Candidates: []Candidate{{"--", "the command follows"}}}
	case c.Name == "completion":
		return starting(wordsOf(Shells()), last)
	}
	return Completion{Kind: Words}
}

// valuesOf lists the values of a flag.
func valuesOf(f Flag, last string, keys []string) Completion {
	switch f.Arg {
	case "MODE":
		var all []Candidate
		for _, m := range modes {
			all = append(all, Candidate{m.mode, ""})
		}
		return starting(all, last)
	case "DIR":
		return Completion{Kind: Folders}
	case "FILE":
		return Completion{Kind: Files}
	case "KEY=VALUE":
		var all []Candidate
		for _, key := range keys {
			all = append(all, Candidate{key + "=", ""})
		}
		return starting(all, last)
	case "TOOL PATH":
		return starting(wordsOf([]string{"codex", "claude", "srt", "nono"}), last)
	}
	return Completion{Kind: Words}
}

func wordsOf(words []string) (all []Candidate) {
	for _, w := range words {
		all = append(all, Candidate{w, ""})
	}
	return all
}

func starting(all []Candidate, last string) Completion {
	return Completion{Kind: Words, Candidates: slices.DeleteFunc(all, func(c Candidate) bool { return !strings.HasPrefix(c.Word, last) })}
}
