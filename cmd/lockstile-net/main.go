// Command lockstile-net reaches the servers that the rules of [network] allow, for the
// commands of one start. The gate starts lockstile-net in a sandbox of its own, with the
// network of the host and nothing to write. Nobody else has a use for it.
package main

import (
	"errors"
	"os"

	"github.com/lockstile/lockstile/internal/plain"
)

func main() {
	if err := serve(); err != nil {
		plain.Err("lockstile-net: %v\n", err)
		os.Exit(1)
	}
}

var errAlone = errors.New("lockstile starts this program itself, for commands with rules of [network]")
