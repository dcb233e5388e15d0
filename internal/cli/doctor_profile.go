package cli

import (
	"errors"
	"flag"
	"runtime"

	"github.com/lockstile/lockstile/internal/containers"
	"github.com/lockstile/lockstile/internal/plain"
)

// profiles are the flags of doctor that print a profile in place of the findings.
type profiles struct{ seccomp bool }

func (p *profiles) define(set *flag.FlagSet) {
	set.BoolVar(&p.seccomp, "seccomp-profile", false, "")
}

func (p *profiles) asked() bool { return p.seccomp }

// print prints the profile. A profile depends on no configuration.
func (p *profiles) print(set *flag.FlagSet) int {
	var err error
	if set.NFlag() > 1 {
		err = errors.New("a profile is printed alone: leave the other flags out")
	}
	var text string
	if err == nil {
		text, err = containers.SeccompProfile(runtime.GOARCH)
	}
	if err != nil {
		return badUsage(err, doctorUse, doctorHelp)
	}
	plain.OutText(text)
	return exitOK
}
