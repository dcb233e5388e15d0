package cli

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/config"
	"github.com/lockstile/lockstile/policy"
)

// settings are the flags by which a policy is chosen.
type settings struct {
	overrides []string
	profile   string
	sandbox   string
	dir       string
}

// define adds the flags to a set.
func (s *settings) define(set *flag.FlagSet) {
	set.SetOutput(io.Discard)
	set.Func("c", "", func(v string) error { s.overrides = append(s.overrides, v); return nil })
	set.StringVar(&s.profile, "profile", "", "")
	set.StringVar(&s.dir, "C", ".", "")
	set.Func("sandbox", "", func(name string) error {
		s.sandbox = name
		_, err := policy.ParseMode(name)
		return err
	})
}

// load reads the configuration and gives the policy, and the product's folder.
func (s *settings) load() (p policy.Policy, home string, err error) {
	if home, err = lockstile.Home(); err != nil {
		return p, home, err
	}
	userHome, _ := os.UserHomeDir() // without one, ~ in a path is refused
	p, err = config.Load(config.Input{
		Home: home, Profile: s.profile, Overrides: s.overrides, Sandbox: s.sandbox,
		Workspace: s.dir, UserHome: userHome, Environ: os.Getenv,
	})
	return p, home, err
}

const settingsHelp = `  --sandbox MODE   read-only: nothing is writable
                   workspace-write: DIR, and a private /tmp and TMPDIR (default)
                   danger-full-access: no restrictions; the record says so
  -C DIR           the workspace, and the command's working directory (default: here)
  -c KEY=VALUE     set a key of config.toml for once; may be repeated
  --profile NAME   lay [profiles.NAME] of config.toml over the rest
`

const configUse = "config [--json] [-c KEY=VALUE] [--profile NAME] [--sandbox MODE] [-C DIR]"

// showConfig prints each value in effect, and where it came from.
func showConfig(args []string) int {
	var s settings
	var asJSON bool
	set := flag.NewFlagSet("config", flag.ContinueOnError)
	s.define(set)
	set.BoolVar(&asJSON, "json", false, "")
	if err := onlyFlags(set, args); err != nil {
		return badUsage(err, configUse, settingsHelp+"  --json           as a JSON list\n")
	}
	p, _, err := s.load()
	if err != nil {
		return refused(err, asJSON)
	}
	if asJSON {
		printJSON(os.Stdout, p.Values)
		return exitOK
	}
	for _, v := range p.Values {
		fmt.Println(audit.Plain(fmt.Sprintf("%-50s %-20s %s", v.Key, show(v.Value), origin(v))))
	}
	return exitOK
}

// show gives a value as TOML has it.
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
