// Command lockstile starts commands for coding agents, each confined, measured
// and recorded before its first instruction runs. It holds no logic: package
// cli does. It must stay lean, since everything linked here is paid for at
// every start.
//
// The quota of processor time is not looked for, which takes a while: a start is over
// before it counts.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"os"

	"github.com/lockstile/lockstile/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
