// Package emulated is a terminal for tests and recordings: a pseudo terminal (pty(7))
// whose output an emulator draws. Package emulated must never be part of a product, or
// start what runs on the terminal.
package emulated

import (
	"strings"

	"github.com/charmbracelet/x/vt"
)

// Text is the screen of an emulator, without the blanks at the ends of lines.
func Text(e *vt.Emulator) string {
	lines := strings.Split(e.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
