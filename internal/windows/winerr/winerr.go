// Package winerr has the one rule about errors of Windows that every caller of it needs:
// a call that failed has failed, whether or not it says why. It must never turn an error
// into none.
package winerr

import (
	"errors"
	"syscall"
)

var errSilent = errors.New("it failed, and does not say why")

// Cause is for a call that failed: its error, or one that says that it gave none.
func Cause(err error) error {
	if err == nil || err == error(syscall.Errno(0)) {
		return errSilent
	}
	return err
}
