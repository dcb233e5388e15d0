package cli

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// explain answers a question, or shows a start. It starts and records nothing.
func explain(args []string) int {
	switch first(args) {
	case "start":
		return explainStart(args[1:])
	case "run":
		return explainRun(args[1:])
	case "read", "write", "connect", "env":
		return explainAccess(policy.Access(args[0]), args[1:])
	}
	return badWord("explain", first(args))
}

// explainStart shows a start without starting or recording anything.
func explainStart(args []string) int {
	var s settings.Flags
	var asJSON, timed, steps bool
	set := settings.NewFlagSet("explain start")
	s.Define(set)
	set.BoolVar(&asJSON, "json", false, "")
	set.BoolVar(&timed, "time", false, "")
	set.BoolVar(&steps, "steps", false, "")
	if err := set.Parse(args); err != nil {
		return usage.Say(set, err, args)
	}
	p, home, err := s.Load()
	if err != nil {
		return refused(err, asJSON)
	}
	argv := set.Args()
	if len(argv) == 0 {
		argv = []string{"true"}
	}
	if p.Home != "" {
		home = p.Home // the same, without links
	}
	request := lockstile.Request{OwnLoopback: true, Channel: "explain", Policy: p, Argv: argv, Env: os.Environ()}
	if timed {
		return explainTime(home, request, asJSON)
	}
	x, err := lockstile.New(home).Explain(request)
	if err != nil {
		return refused(err, asJSON)
	}
	if asJSON {
		plain.OutJSON(x)
		return exitOK
	}
	plain.OutText(inWords(x, p, argv))
	if steps {
		plain.OutText("\n" + picture(x, argv))
	} else {
		plain.Out("\n%d restrictions are proven before the first instruction of the command:\nlockstile explain start --steps shows each step, and each proof\n", len(restrictions(x)))
	}
	return exitOK
}

// picture draws the start from top to bottom, in the order of events.
func picture(x *lockstile.Explanation, argv []string) string {
	var b strings.Builder
	plain.Line(&b, "%s in %s: %s", x.Mode, x.Dir, strings.Join(argv, " "))
	plain.Line(&b, "")
	who := ""
	for _, g := range groups(x) {
		if g.process != who {
			who = g.process
			corner := "├ "
			if who == "both" {
				corner = "┌ "
			}
			plain.Line(&b, "%s", corner+processNames[who])
		}
		plain.Line(&b, "│   %-28s %s", g.restriction, g.calls)
	}
	plain.Line(&b, "├ proof, before the first instruction of the command")
	for _, r := range restrictions(x) {
		plain.Line(&b, "│   %-28s %s", r, strings.Join(proofs(x, r), "; "))
	}
	plain.Line(&b, "├ record")
	plain.Line(&b, "│   the start line in %s", x.Log)
	plain.Line(&b, "└ release")
	plain.Line(&b, "    execute %s", strings.Join(x.Paths, ", or "))
	return b.String()
}

// processNames describes the processes of a step.
var processNames = map[string]string{
	"both":    "one clone, then a fork: both processes",
	"command": "the command",
	"init":    "the init, at the same time",
}

// served returns the restriction that a step serves, or a dot.
func served(r refusal.Restriction) string { return cmp.Or(string(r), "·") }

// group is a run of calls for one restriction.
type group struct{ process, restriction, calls string }

func groups(x *lockstile.Explanation) []group {
	var out []group
	count := 0
	for i, s := range x.Steps {
		count++
		if i+1 < len(x.Steps) && x.Steps[i+1].Process == s.Process && x.Steps[i+1].Restriction == s.Restriction {
			continue
		}
		calls := s.Call
		if count > 1 {
			calls = fmt.Sprintf("%s … %s (%d calls)", x.Steps[i+1-count].Call, s.Call, count)
		}
		out = append(out, group{s.Process, served(s.Restriction), calls})
		count = 0
	}
	return out
}

// restrictions lists the proven restrictions, in the order of judgment.
func restrictions(x *lockstile.Explanation) []refusal.Restriction {
	var out []refusal.Restriction
	for _, e := range x.Expected {
		if !slices.Contains(out, e.Restriction) {
			out = append(out, e.Restriction)
		}
	}
	return out
}

// proofs lists the expectations of a restriction: trials of a confined process, and facts
// from the kernel.
func proofs(x *lockstile.Explanation, r refusal.Restriction) []string {
	var out []string
	seen, by := "/proc, ", "inside, "
	if runtime.GOOS == "windows" {
		seen, by = "the system says ", "with its token, "
	}
	for _, e := range x.Expected {
		if e.Restriction != r {
			continue
		}
		what := e.Fact
		if tried, ok := strings.CutPrefix(what, "trial."); ok {
			what = by + tried
		} else {
			what = seen + what
		}
		is := " is "
		if e.Not {
			is = " is not "
		}
		out = append(out, what+is+e.Want)
	}
	return out
}
