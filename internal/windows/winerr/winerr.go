// Package winerr holds the rule about Windows errors for all callers: a failed call has
// failed, with or without a reason. Package winerr must never turn an error into none.
package winerr

import (
	"errors"
	"syscall"
)

var errSilent = errors.New("it failed, and does not say why")

// Cause returns the error of a failed call, or errSilent for a call without a reason.
func Cause(err error) error {
	if err == nil || err == error(syscall.Errno(0)) {
		return errSilent
	}
	return err
}
