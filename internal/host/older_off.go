//go:build linux && !lockstile_leave_out

package host

// older returns abi unchanged. Under the tag lockstile_leave_out, older lets tests
// pretend an older kernel.
func older(abi int) int { return abi }
