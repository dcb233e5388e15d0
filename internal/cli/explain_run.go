package cli

import (
	"errors"
	"os"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/approve"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// startAnswer says what a start of a command line would come to.
type startAnswer struct {
	Argv     []string      `json:"argv"`
	Allowed  bool          `json:"allowed"`
	Reason   string        `json:"reason,omitempty"` // of a refusal
	Hint     string        `json:"hint,omitempty"`
	File     string        `json:"file,omitempty"` // that would be executed
	Mode     string        `json:"mode"`
	Dir      string        `json:"dir"`
	Asks     bool          `json:"asks"`     // whether an agent's tool would ask a person first
	Approval string        `json:"approval"` // the same in words
	From     policy.Origin `json:"from"`     // of approval_policy
}

// explainRun says whether a command line would start, which file, and whether a person
// would be asked.
func explainRun(args []string) int {
	var s settings.Flags
	var asJSON bool
	set := settings.NewFlagSet("explain run")
	s.Define(set)
	set.BoolVar(&asJSON, "json", false, "")
	err := set.Parse(args)
	if err == nil && set.NArg() == 0 {
		err = errors.New("no command is given")
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	p, home, err := s.Load()
	if err != nil {
		return refused(err, asJSON)
	}
	a := startAnswer{Argv: set.Args(), Mode: p.Mode.String(), Dir: p.Workspace, From: p.Origin("approval_policy")}
	a.Asks, a.Approval = asked(p.Approval, a.Argv)
	x, err := lockstile.New(home).Explain(lockstile.Request{Channel: "explain", Policy: p, Argv: a.Argv, Env: os.Environ()})
	var why *refusal.Error
	switch {
	case errors.As(err, &why):
		a.Reason, a.Hint = why.Error(), why.Hint
	case x.File == "":
		a.Reason = x.NoFile
	default:
		a.Allowed, a.File = true, x.File
	}
	if asJSON {
		plain.OutJSON(a)
	} else {
		plain.OutText(startBlock(a))
	}
	if !a.Allowed {
		return exitFail
	}
	return exitOK
}

// asked says whether a tool of an agent would ask a person before the start.
func asked(rule policy.ApprovalPolicy, argv []string) (bool, string) {
	switch rule {
	case policy.ApprovalUntrusted:
		if looksOnly(argv) {
			return false, "nobody is asked: the command does nothing but look"
		}
		return true, "an agent's tool asks the user first; lockstile run doesn't, since you start it"
	case policy.ApprovalNever:
		return false, "nobody is asked, and no command leaves the sandbox"
	}
	return false, "nobody is asked, but for a start without the sandbox"
}

// looksOnly reports whether a command line, or the script of a shell, does nothing but
// look.
func looksOnly(argv []string) bool {
	if len(argv) == 3 && (argv[1] == "-c" || argv[1] == "-lc") {
		return approve.Script(argv[0], argv[2])
	}
	return approve.Argv(argv)
}

func startBlock(a startAnswer) string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			b.WriteString(plain.Sprintf("  %-8s %s\n", name, text))
		}
	}
	verdict := "allowed: the command would start: "
	if !a.Allowed {
		verdict = "denied: the command would not start: "
	}
	b.WriteString(plain.Sprintf("%s%s\n", verdict, strings.Join(a.Argv, " ")))
	line("reason", a.Reason)
	line("hint", a.Hint)
	line("file", a.File)
	line("sandbox", a.Mode+" in "+a.Dir)
	line("approval", a.Approval+" (approval_policy, "+place(a.From)+")")
	return b.String()
}
