package cli

import (
	"os"
	"syscall"

	"github.com/lockstile/lockstile"
)

// passed: ^C and ^Break are one to package os/signal, and SIGTERM stands for a console
// that closes and a user who leaves.
var passed = []os.Signal{os.Interrupt, syscall.SIGTERM}

var passedInTerminal []os.Signal

func toldByTerminal(os.Signal, *lockstile.Child) bool { return false }
