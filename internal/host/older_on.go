//go:build linux && lockstile_leave_out

package host

import (
	"os"
	"strconv"
)

// older lowers the kernel's Landlock version to the version in the environment.
func older(abi int) int {
	if n, err := strconv.Atoi(os.Getenv("LOCKSTILE_LANDLOCK")); err == nil {
		return min(abi, n)
	}
	return abi
}
