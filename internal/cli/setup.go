package cli

import (
	"errors"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/internal/windows/setup"
)

// setUp prepares the machine, checks the setup, or removes the setup.
func setUp(args []string) int {
	var check, remove, asJSON bool
	var owner, home, report string // for the elevated process: setup passes these flags to itself
	set := settings.NewFlagSet("setup")
	set.BoolVar(&check, "check", false, "")
	set.BoolVar(&remove, "remove", false, "")
	set.BoolVar(&asJSON, "json", false, "")
	set.StringVar(&owner, "for", "", "")
	set.StringVar(&home, "home", "", "")
	set.StringVar(&report, "report", "", "")
	err := onlyFlags(set, args)
	if err == nil && check && remove {
		err = errors.New("--check and --remove are asked for")
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	if home == "" {
		if home, err = lockstile.Home(); err != nil {
			return refused(err, asJSON)
		}
	}
	machine, ok := thisMachine(home)
	if !ok {
		plain.Err("lockstile: there is nothing to set up on this system; lockstile doctor says what it can enforce\n")
		return exitFail
	}
	var done setup.Done
	if check {
		done.Findings = setup.Check(machine)
	} else {
		done, err = setup.Run(machine, remove, owner)
	}
	result := setup.Report{Done: done, Error: said(err)}
	switch {
	case report != "":
		if err := tell(report, result); err != nil {
			plain.Err("lockstile: %v\n", err)
			return exitFail
		}
	case asJSON:
		plain.OutJSON(result)
	default:
		printSetup(result)
	}
	if err != nil || !remove && !done.Whole() {
		return exitFail
	}
	return exitOK
}

func printSetup(r setup.Report) {
	for _, f := range r.Findings {
		mark := "ok  "
		if !f.OK {
			mark = "--  "
		}
		plain.Out("%s  %-46s %s\n", mark, f.Step, f.Found)
	}
	if r.Error != "" {
		plain.Err("lockstile: %s\n", r.Error)
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
