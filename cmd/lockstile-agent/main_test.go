package main

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/usage"
)

// TestFlagsOfTheTable checks that a session takes each flag that help names.
func TestFlagsOfTheTable(t *testing.T) {
	for _, name := range []string{"", "exec", "resume"} {
		c, _ := usage.Find(name)
		for _, f := range c.Flags {
			args := append(strings.Fields(name), f.Spelled())
			switch f.Arg {
			case "":
			case "MODE":
				args = append(args, "read-only")
			default:
				args = append(args, "a=b")
			}
			set, rest := flagSet(append(args, "--help"))
			if _, err := parse(set, rest); !errors.Is(err, flag.ErrHelp) {
				t.Errorf("%q: %v", args, err)
			}
		}
	}
}
