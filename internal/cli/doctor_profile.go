package cli

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"

	"github.com/lockstile/lockstile/internal/containers"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/usage"
)

// profiles are the flags of doctor that print a profile in place of the findings.
type profiles struct{ seccomp, apparmor bool }

func (p *profiles) define(set *flag.FlagSet) {
	set.BoolVar(&p.seccomp, "seccomp-profile", false, "")
	set.BoolVar(&p.apparmor, "apparmor-profile", false, "")
}

func (p *profiles) asked() bool { return p.seccomp || p.apparmor }

// print prints the profile. A profile depends on no configuration.
func (p *profiles) print(set *flag.FlagSet, args []string) int {
	var err error
	if set.NFlag() > 1 {
		err = errors.New("a profile is printed alone: leave the other flags out")
	}
	var text string
	switch {
	case err != nil:
	case p.seccomp:
		text, err = containers.SeccompProfile(runtime.GOARCH)
	default:
		text, err = apparmorProfile()
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	plain.OutText(text)
	return exitOK
}

// apparmorProfile is for the folder of the running program.
func apparmorProfile() (string, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	return containers.AppArmorProfile(filepath.Dir(program)), err
}
