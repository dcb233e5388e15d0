//go:build lockstile_tally

package tally

import "os"

// Count writes a line into the file that the environment names. Short lines that
// are appended don't mix, write(2).
func Count(what string) {
	name := os.Getenv("LOCKSTILE_TALLY")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(what + "\n")
		f.Close()
	}
	if err != nil {
		panic("tally: " + err.Error()) // a count that is wrong is worse than none
	}
}
