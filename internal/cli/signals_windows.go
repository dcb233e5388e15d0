package cli

import (
	"os"
	"syscall"

	"github.com/lockstile/lockstile"
)

// passed: package os/signal makes ^C and ^Break one signal, and SIGTERM stands for a
// closing console and a user who leaves.
var passed = []os.Signal{os.Interrupt, syscall.SIGTERM}

var passedInTerminal []os.Signal

func toldByTerminal(os.Signal, *lockstile.Child) bool { return false }
