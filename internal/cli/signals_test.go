//go:build linux || windows

package cli

import (
	"syscall"
	"testing"
)

// TestAwait: a configuration that doesn't come is given up at ^C, and at nothing less.
func TestAwait(t *testing.T) {
	c := make(signals, 2)
	c <- syscall.SIGPIPE
	c <- syscall.SIGINT
	if _, by := c.await(make(chan configuration)); by != syscall.SIGINT {
		t.Errorf("it ended by %d", by)
	}
	loaded := make(chan configuration, 1)
	loaded <- configuration{}
	if _, by := c.await(loaded); by != 0 {
		t.Errorf("it ended by %d", by)
	}
}
