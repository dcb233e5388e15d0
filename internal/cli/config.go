package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/policy"
)

// showConfig prints each value in effect, with its origin.
func showConfig(args []string) int {
	var s settings.Flags
	var asJSON bool
	set := settings.NewFlagSet("config")
	s.DefineSession(set)
	set.BoolVar(&asJSON, "json", false, "")
	if err := onlyFlags(set, args); err != nil {
		return usage.Say(set, err, args)
	}
	p, session, _, err := s.LoadSession()
	if err != nil {
		return refused(err, asJSON)
	}
	for _, l := range p.LeftOut {
		plain.Err("lockstile: left out: the writable root %s %s\nhint: %s\n", l.Path, l.Why, l.Mend)
	}
	all := slices.Concat(p.Values, session.Values)
	if asJSON {
		plain.OutJSON(all)
		return exitOK
	}
	for _, v := range all {
		plain.Out("%-50s %-20s %s\n", v.Key, show(v.Value), origin(v))
	}
	for _, v := range session.Ignored {
		plain.Out("%-50s %-20s %s\n", v.Key, "(ignored)", origin(v)+", a key of codex that does nothing here")
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
