//go:build !windows

// Command lockstile-runner makes commands under a sandbox account on Windows; lockstile
// starts it.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "lockstile-runner: only Windows has a use for it")
	os.Exit(2)
}
