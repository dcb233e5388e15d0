package mcp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/ignored"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/refusal"
)

// Main serves until the client goes away or a signal comes, and then ends all running
// commands. Main returns the exit code.
func Main(args []string) int {
	var f settings.Flags
	set := settings.NewFlagSet("mcp")
	f.Define(set)
	err := set.Parse(args)
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("%q is no flag", set.Arg(0))
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending()...)
	defer stop()
	if err := serve(ctx, f); err != nil && !errors.Is(err, context.Canceled) {
		plain.Err("lockstile-mcp: %v\n", err)
		var why *refusal.Error
		if errors.As(err, &why) {
			plain.Err("hint: %s\n", why.Hint)
		}
		return 1
	}
	return 0
}

// ending returns the signals that end the server: SIGINT, SIGTERM and SIGHUP, except
// the signals ignored at the start of the server.
func ending() (signals []os.Signal) {
	ignored.Keep()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !ignored.AtStart().Has(s) {
			signals = append(signals, s)
		}
	}
	return signals
}

func serve(ctx context.Context, f settings.Flags) error {
	p, home, err := f.Load()
	if err != nil {
		return err
	}
	gate, err := lockstile.Open(home)
	if err != nil {
		return err
	}
	tools := tool.New(gate, p, os.Environ(), "mcp")
	tools.Tries(f.Try)
	err = newServer(tools, p.UnifiedExec).Run(ctx, stdio())
	return errors.Join(err, tools.Close(), gate.Close())
}
