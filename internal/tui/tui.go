// Package tui is the screen of lockstile: inline, below the terminal's own scrollback. The
// state of the screen comes from events alone. Package tui must never decide anything,
// start anything, touch a file but the draft for the user's editor, or let a text reach
// the terminal that Safe has not seen.
package tui
