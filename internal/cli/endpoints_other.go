//go:build !linux && !windows

package cli

import (
	"os"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/pty"
)

// endpoints does nothing: lockstile starts no command on other systems yet.
type endpoints struct{}

func connect(tty, bool, *pty.Excerpt) (*endpoints, error) { return &endpoints{}, nil }

func terminalSize(how tty) *lockstile.Size {
	if how == ttyYes {
		return &lockstile.Size{}
	}
	return nil
}

func (*endpoints) give(r *lockstile.Request) {
	r.Stdin, r.Stdout, r.Stderr = os.Stdin, os.Stdout, os.Stderr
}

func (*endpoints) join(*lockstile.Child) error { return nil }

func (*endpoints) leave() error { return nil }

// output returns nothing: no excerpt is kept.
func (*endpoints) output() string { return "" }

func (*endpoints) drop() {}

// columns returns 0: the width of a terminal is asked for on Linux alone.
func columns() int { return 0 }
