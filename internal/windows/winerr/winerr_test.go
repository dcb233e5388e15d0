package winerr

import (
	"io"
	"syscall"
	"testing"
)

func TestCause(t *testing.T) {
	for _, silent := range []error{nil, syscall.Errno(0)} {
		if err := Cause(silent); err != errSilent {
			t.Errorf("%v becomes %v", silent, err)
		}
	}
	for _, err := range []error{io.EOF, syscall.Errno(5)} {
		if got := Cause(err); got != err {
			t.Errorf("%v becomes %v", err, got)
		}
	}
}
