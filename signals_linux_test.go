package lockstile_test

import (
	"os"
	"os/signal"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// TestCommandsIgnoreNothing: what a program that uses the library ignores or catches is
// its own affair.
func TestCommandsIgnoreNothing(t *testing.T) {
	p := newPlace(t)
	mine := []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGTTOU, unix.Signal(41)}
	signal.Ignore(mine...)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGUSR2)
	defer signal.Stop(caught)
	defer signal.Reset(mine...)
	for _, mode := range []policy.Mode{policy.ModeWorkspaceWrite, policy.ModeDangerFullAccess} {
		with, err := lockstile.NewPolicy(mode, p.ws)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.prints(t, with, "grep SigIgn /proc/self/status"); !strings.HasSuffix(got, "\t0000000000000000") {
			t.Errorf("%s: the command has %q", mode, got)
		}
	}
}
