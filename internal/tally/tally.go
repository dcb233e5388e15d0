// Package tally lets the project's tests count events over all processes of a whole test
// run. In released builds package tally does nothing. Package tally must never do
// anything that a start could depend on.
package tally

// The counted events, in the order of a start.
const (
	Verdict = "verdict" // all restrictions are proven
	Record  = "record"  // the start line is in the log
	Command = "command" // the command's file is loaded: its first instruction runs
	NoExec  = "no exec" // the command was not found
)
