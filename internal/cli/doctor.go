package cli

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/settings"
)

const doctorUse = "doctor [--json] [-C DIR]"

// doctor says what this machine can enforce, layer by layer.
func doctor(args []string) int {
	var asJSON bool
	dir := "."
	set := flag.NewFlagSet("doctor", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&asJSON, "json", false, "")
	set.StringVar(&dir, "C", ".", "")
	if err := onlyFlags(set, args); err != nil {
		return badUsage(err, doctorUse, "  -C DIR   the folder in which whole starts are tried (default: here)\n  --json   as a JSON list\n\nexit code: 0 when all holds, 1 when something does not\n")
	}
	s := settings.Flags{Dir: dir, Sandbox: "workspace-write"}
	p, home, err := s.Load()
	if err != nil {
		return refused(err, asJSON)
	}
	findings := lockstile.Doctor(home, p)
	code := exitOK
	for _, f := range findings {
		if !f.OK {
			code = exitFail
		}
	}
	if asJSON {
		printJSON(os.Stdout, findings)
		return code
	}
	for i, f := range findings {
		if f.Residual != "" {
			if i == 0 || findings[i-1].Residual == "" {
				fmt.Println("\nnot held, on no machine of this kind (docs/residuals.md):")
			}
			fmt.Printf("  %-16s %s\n", f.Residual, audit.Plain(f.Name))
			continue
		}
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
		}
		fmt.Printf("%s  %-34s %s\n", mark, audit.Plain(f.Name), audit.Plain(f.Found))
		if f.Mend != "" {
			fmt.Printf("      mend: %s\n", audit.Plain(f.Mend))
		}
	}
	return code
}
