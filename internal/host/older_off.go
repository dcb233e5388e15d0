//go:build linux && !lockstile_leave_out

package host

// older gives what a machine is taken for. Under the tag lockstile_leave_out the tests
// take it for an older one.
func older(abi int) int { return abi }
