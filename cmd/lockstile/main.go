// Command lockstile starts commands for coding agents, each confined, measured and
// recorded before its first instruction runs. Package main holds no logic, and only calls
// package cli. The program must stay lean: every start pays for everything linked here.
//
// The debug settings below keep Go's runtime from reading the quota of processor time:
// reading takes a while, and a start is over before the quota counts.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"os"

	"github.com/lockstile/lockstile/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
