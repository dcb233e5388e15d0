// Command lockstile starts commands for coding agents, each confined, measured
// and recorded before its first instruction runs. It holds no logic: package
// cli does. It must stay lean, since everything linked here is paid for at
// every start.
package main

import (
	"os"

	"github.com/lockstile/lockstile/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
