package host

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Describe names the kernel, with the version of its Landlock.
func Describe() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "Linux"
	}
	lock := "no Landlock"
	if abi := landlockABI(); abi > 0 {
		lock = fmt.Sprintf("Landlock %d", abi)
	}
	return fmt.Sprintf("Linux %s, %s", unix.ByteSliceToString(u.Release[:]), lock)
}
