// Package tally lets the project's tests count what happened over all processes of
// a whole run of them. In the builds that are used it does nothing, and it must
// never do anything that a start could depend on.
package tally

// What is counted, in the order in which a start comes by.
const (
	Verdict = "verdict" // all restrictions are proven
	Record  = "record"  // the start line is in the log
	Command = "command" // the command's file is in place: its first instruction runs
	NoExec  = "no exec" // there was no such command
)
