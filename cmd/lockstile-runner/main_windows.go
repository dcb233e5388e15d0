// Command lockstile-runner makes commands under a sandbox account on Windows.
// lockstile starts the runner.
package main

import (
	"os"

	"github.com/lockstile/lockstile/internal/windows/runner"
)

func main() { os.Exit(runner.Main(os.Args[1:])) }
