// Package usage is the one table of the command line: commands, words and flags. Help, man
// pages, completion and proposals for misspelt words are made from the table. Package usage
// must never decide anything: each command parses its own line, and a test compares.
package usage

import "strings"

// Flag is a flag of a command.
type Flag struct {
	Name string // without dashes
	Arg  string // the name of the value, "" for none
	Does string // what the flag does; lines are filled to the width
}

// Command is a command of lockstile.
type Command struct {
	Name  string // the words behind lockstile; "" for the session
	Args  string // what follows the flags
	Does  string // one line, without a full stop
	Flags []Flag
	More  string      // paragraphs for those who read on
	Exits []Exit      // the exit codes apart from 0 and 2
	Tries [][2]string // examples: what is typed, and why
}

// Exit is an exit code with its meaning.
type Exit struct{ Code, Means string }

// Spelled returns a flag as people type it: one letter has one dash.
func (f Flag) Spelled() string {
	if len(f.Name) == 1 {
		return "-" + f.Name
	}
	return "--" + f.Name
}

// Words are what is typed for a command.
func (c Command) Words() string { return strings.TrimSpace("lockstile " + c.Name) }

// Find returns the command of a name.
func Find(name string) (Command, bool) {
	for _, c := range All() {
		if c.Name == name {
			return c, true
		}
	}
	return Command{}, false
}

// Below returns the words that may follow a first word: "verify" for "log".
func Below(first string) (words []string) {
	for _, c := range All() {
		if rest, ok := strings.CutPrefix(c.Name, first+" "); ok && !strings.Contains(rest, " ") {
			words = append(words, rest)
		}
	}
	return words
}

// Names returns the first words of all commands.
func Names() (names []string) {
	for _, c := range All() {
		if c.Name != "" && !strings.Contains(c.Name, " ") {
			names = append(names, c.Name)
		}
	}
	return names
}
