//go:build !windows

// Command lockstile-runner makes commands under a sandbox account on Windows.
// lockstile starts the runner.
package main

import (
	"os"

	"github.com/lockstile/lockstile/internal/plain"
)

func main() {
	plain.Err("lockstile-runner: only Windows has a use for it\n")
	os.Exit(2)
}
