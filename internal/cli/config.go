package cli

import (
	"fmt"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/policy"
)

const configUse = "config [--json] [-c KEY=VALUE] [--profile NAME] [--sandbox MODE] [-C DIR]"

// showConfig prints each value in effect, with its origin.
func showConfig(args []string) int {
	var s settings.Flags
	var asJSON bool
	set := settings.NewFlagSet("config")
	s.Define(set)
	set.BoolVar(&asJSON, "json", false, "")
	if err := onlyFlags(set, args); err != nil {
		return badUsage(err, configUse, settings.Help+"  --json           as a JSON list\n")
	}
	p, _, err := s.Load()
	if err != nil {
		return refused(err, asJSON)
	}
	if asJSON {
		plain.OutJSON(p.Values)
		return exitOK
	}
	for _, v := range p.Values {
		plain.Out("%-50s %-20s %s\n", v.Key, show(v.Value), origin(v))
	}
	return exitOK
}

// show returns a value in TOML's form.
func show(value any) string {
	if list, ok := value.([]string); ok {
		quoted := make([]string, len(list))
		for i, s := range list {
			quoted[i] = fmt.Sprintf("%q", s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	if s, ok := value.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(value)
}

func origin(v policy.Value) string {
	from := v.From.Note
	if v.From.File != "" {
		from = fmt.Sprintf("%s:%d", v.From.File, v.From.Line)
	}
	if strings.HasPrefix(v.Key, "windows.") {
		from += " (does nothing on this system)"
	}
	return from
}
