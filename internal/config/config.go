// Package config turns config.toml, a profile and command-line overrides into a
// policy.Policy, strictly: an unknown key, a wrong type or an impossible path is refused
// with file, line and the nearest key. Package config must never read configuration from
// the workspace, never start anything, and never repeat a secret in an error.
package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Input holds everything that decides about a policy, besides the file system.
type Input struct {
	Home      string   // the product's directory; absolute; need not exist
	Profile   string   // name of a table in [profiles]; empty for none
	Overrides []string // key=value, the last value of a key counts; the value is TOML, or else a plain string
	Sandbox   string   // sandbox mode from the command line; empty for none; wins over everything
	Workspace string   // folder of the command; relative to the current folder if not absolute
	UserHome  string   // the user's home; absolute; empty without a home

	// EarlierRoots lists the folders that commands of earlier starts could write, by the
	// product's folder: no link in such a folder may decide about a writable folder. nil:
	// none.
	EarlierRoots func(home string) []string
}

// Load returns the effective policy. Its error is a *refusal.Error with StageConfig. With
// an error, the policy is the zero value and allows nothing.
//
// Precedence, from the weakest: defaults, config.toml, the profile, -c, --sandbox. A list
// replaces the weaker list; the names of shell_environment_policy.set are keys of their
// own.
func Load(in Input) (policy.Policy, error) { return load(in, addFile) }

// Defaults returns the policy of Load without a config.toml.
func Defaults(in Input) (policy.Policy, error) {
	return load(in, func(settings, Input) error { return nil })
}

// LoadText returns the policy of Load with a text in place of the config.toml that is there.
func LoadText(in Input, text []byte) (policy.Policy, error) {
	return load(in, func(s settings, in Input) error { return addText(s, in, filepath.Join(in.Home, "config.toml"), text) })
}

// load makes a policy from the file, read by addFile, and from the input.
func load(in Input, addFile func(settings, Input) error) (policy.Policy, error) {
	if err := checkInput(&in); err != nil {
		return policy.Policy{}, err
	}
	s := settings{}
	if err := addFile(s, in); err != nil {
		return policy.Policy{}, err
	}
	if err := s.addInput(in); err != nil {
		return policy.Policy{}, err
	}
	p, err := build(in, s)
	if err != nil {
		return policy.Policy{}, err
	}
	return p, nil
}

func checkInput(in *Input) error {
	if !filepath.IsAbs(in.Home) || hasControl(in.Home) {
		return refuse("set LOCKSTILE_HOME to an absolute path", "the product's directory %s is not an absolute path", quote(in.Home))
	}
	in.Home = canonicalOrClean(in.Home)
	if in.UserHome != "" {
		if !filepath.IsAbs(in.UserHome) || hasControl(in.UserHome) {
			return refuse("set HOME to an absolute path", "the home directory %s is not an absolute path", quote(in.UserHome))
		}
		in.UserHome = canonicalOrClean(in.UserHome)
	}
	return checkHome(*in)
}

// setting is the value of a key and its origin.
type setting struct {
	value any // string, bool or []string, as the key's kind says
	from  policy.Origin
}

// settings maps a dotted key to its value.
type settings map[string]setting

// addInput lays the overrides, and then the mode, over the settings.
func (s settings) addInput(in Input) error {
	for _, o := range in.Overrides {
		if err := addOverride(s, o); err != nil {
			return err
		}
	}
	if in.Sandbox == "" {
		return nil
	}
	return s.put("sandbox_mode", in.Sandbox, policy.Origin{Note: "flag --sandbox"})
}

// addFile reads config.toml, and lays the profile over the rest of it.
func addFile(all settings, in Input) error {
	file := filepath.Join(in.Home, "config.toml")
	data, found, err := readFile(file)
	if err != nil {
		return err
	}
	if !found {
		data = nil
	}
	return addText(all, in, file, data)
}

// addText is addFile for the text of the file.
func addText(all settings, in Input, file string, data []byte) error {
	doc, err := parse(file, data)
	if err != nil {
		return err
	}
	base, profiles, err := doc.flatten()
	if err != nil {
		return err
	}
	for k, v := range base {
		all[k] = v
	}
	if in.Profile == "" {
		return nil
	}
	chosen, ok := profiles[in.Profile]
	if !ok {
		hint := "no profile is defined in " + file
		if len(profiles) > 0 {
			names := make([]string, 0, len(profiles))
			for n := range profiles {
				names = append(names, n)
			}
			slices.Sort(names)
			hint = "the nearest is " + quote(nearest(in.Profile, names))
		}
		return refuse(hint, "profile %s is not defined", quote(in.Profile))
	}
	for k, v := range chosen {
		all[k] = v
	}
	return nil
}

// put checks a value against its key and stores it. The key must be known.
func (s settings) put(name string, value any, from policy.Origin) error {
	k := lookup(name)
	v, problem := k.check(value)
	if problem != "" {
		return refuse("", "%s%s %s", at(from), name, problem)
	}
	s[name] = setting{v, from}
	return nil
}

// refuse makes the only kind of error of package config. An empty hint is no hint.
func refuse(hint, format string, args ...any) error {
	return &refusal.Error{Code: refusal.CodeConfig, Stage: refusal.StageConfig, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// at is the beginning of a message about an origin: "/x/config.toml:3: ".
func at(o policy.Origin) string {
	switch {
	case o.File != "" && o.Line > 0:
		return fmt.Sprintf("%s:%d: ", o.File, o.Line)
	case o.File != "":
		return o.File + ": "
	case o.Note != "":
		return o.Note + ": "
	}
	return ""
}

// quote shows a piece of input: escaped, shortened and without tokens.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return fmt.Sprintf("%q", redact.Text(s))
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
