package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/policy"
)

// explainAccess says whether a command may do something, by which rule, and which line of
// config.toml would change the answer.
func explainAccess(access policy.Access, args []string) int {
	var s settings.Flags
	var asJSON bool
	target, err := parseOne(&s, &asJSON, string(access), args)
	if err != nil {
		return usage.Say(settings.NewFlagSet("explain "+string(access)), err, args)
	}
	p, home, err := s.Load()
	if err != nil {
		return refused(err, asJSON)
	}
	r := lockstile.Request{Channel: "explain", Policy: p, Argv: []string{"true"}, Env: os.Environ(), Explain: lockstile.Explain{Try: s.Try}}
	answers, err := lockstile.New(home).Ask(r, lockstile.Question{Access: access, Target: target})
	if err != nil {
		return refused(err, asJSON)
	}
	if asJSON {
		plain.OutJSON(answers[0])
	} else {
		plain.OutText(block(answers[0]))
	}
	if !answers[0].Allowed {
		return exitFail
	}
	return exitOK
}

// parseOne reads flags before and behind a single word.
func parseOne(s *settings.Flags, asJSON *bool, name string, args []string) (string, error) {
	set := settings.NewFlagSet("explain " + name)
	s.Define(set)
	set.BoolVar(asJSON, "json", false, "")
	if err := set.Parse(args); err != nil {
		return "", err
	}
	words := set.Args()
	if len(words) == 0 {
		return "", fmt.Errorf("say what to %s", name)
	}
	if err := set.Parse(words[1:]); err != nil {
		return "", err
	}
	if set.NArg() > 0 {
		return "", fmt.Errorf("%q is one word too many", set.Arg(0))
	}
	if words[0] == "" {
		return "", errors.New("the word is empty")
	}
	return words[0], nil
}

// acts are the accesses in words.
var acts = map[policy.Access]string{
	policy.AccessRead: "read", policy.AccessWrite: "write", policy.AccessConnect: "connect to", policy.AccessEnv: "get the variable",
}

// block is an answer for people.
func block(a lockstile.Answer) string {
	var b strings.Builder
	verdict, opposite, may := "allowed", "deny", "may"
	if !a.Allowed {
		verdict, opposite, may = "denied", "allow", "may not"
	}
	b.WriteString(plain.Sprintf("%s: a command %s %s %s\n", verdict, may, acts[a.Access], a.Target))
	line := func(name, text string) { b.WriteString(plain.Sprintf("  %-7s %s\n", name, text)) }
	if a.Path != "" && a.Path != a.Target {
		line("path", a.Path)
	}
	line("rule", a.Rule+" ("+place(a.From)+")")
	line("layer", a.Layer)
	for _, note := range a.Notes {
		line("note", note)
	}
	switch {
	case a.Setting == "":
		line("change", a.Instead)
	case a.AtStart || strings.HasPrefix(a.Setting, "--"):
		line("change", a.Flag()+" would "+opposite+" it")
	default:
		line("change", strings.Replace(a.Setting, "=", " = ", 1)+" would "+opposite+" it, at the top of config.toml, or for once "+a.Flag())
	}
	return b.String()
}

// place is the origin of a rule: FILE:LINE, a flag or the default.
func place(from policy.Origin) string {
	switch {
	case from.File != "" && from.Line > 0:
		return fmt.Sprintf("%s:%d", from.File, from.Line)
	case from.File != "":
		return from.File
	case from.Note != "":
		return from.Note
	}
	return "default"
}
