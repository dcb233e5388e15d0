// Package containers knows what container engines do to a start: the signs of a container,
// the line that mends a container of each engine, and profiles for engines and for
// AppArmor. Package containers is pure: the facts are arguments. Package containers must
// never change the machine or talk to an engine, and never decide whether a start is
// strong enough.
package containers
