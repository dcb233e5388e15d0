//go:build linux && lockstile_leave_out

package host

import (
	"os"
	"strconv"
)

// older takes the kernel's Landlock for the version that the environment names.
func older(abi int) int {
	if n, err := strconv.Atoi(os.Getenv("LOCKSTILE_LANDLOCK")); err == nil {
		return min(abi, n)
	}
	return abi
}
