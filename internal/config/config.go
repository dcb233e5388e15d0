// Package config turns config.toml, a profile and command-line overrides into
// a policy.Policy, strictly: an unknown key, a wrong type or a path that can't
// be what it says is refused with file, line and the nearest key. It must
// never read configuration from the workspace, never start anything, and never
// repeat a secret in an error.
package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Input is everything a policy is made of. Nothing else is consulted, but for
// the file system.
type Input struct {
	Home      string              // the product's directory; absolute; need not exist
	Profile   string              // name of a table in [profiles]; empty for none
	Overrides []string            // key=value, the last one of a key counts; the value is TOML, or else a plain string
	Sandbox   string              // sandbox mode from the command line; empty for none; wins over everything
	Workspace string              // directory that the command starts in; relative to the current one if not absolute
	UserHome  string              // the user's home; absolute; empty where there is none
	Environ   func(string) string // looks up a variable; nil means none is set
}

// Load returns the effective policy. Its error is a *refusal.Error with
// StageConfig, and the policy is then the zero value, which allows nothing.
//
// Precedence, from the weakest: defaults, config.toml, the profile, -c,
// --sandbox. A list replaces the weaker one; the names of
// shell_environment_policy.set are keys of their own.
func Load(in Input) (policy.Policy, error) {
	if err := checkInput(&in); err != nil {
		return policy.Policy{}, err
	}
	s, err := gather(in)
	if err != nil {
		return policy.Policy{}, err
	}
	p, err := build(in, s)
	if err != nil {
		return policy.Policy{}, err
	}
	return p, nil
}

func checkInput(in *Input) error {
	if in.Environ == nil {
		in.Environ = func(string) string { return "" }
	}
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

// setting is the value of one key and where it was said.
type setting struct {
	value any // string, bool or []string, as the key's kind says
	from  policy.Origin
}

// settings maps a dotted key to its value.
type settings map[string]setting

// gather reads all sources and lays the stronger over the weaker.
func gather(in Input) (settings, error) {
	all := settings{}
	if err := addFile(all, in); err != nil {
		return nil, err
	}
	for _, o := range in.Overrides {
		if err := addOverride(all, o); err != nil {
			return nil, err
		}
	}
	if in.Sandbox != "" {
		from := policy.Origin{Note: "flag --sandbox"}
		if err := all.put("sandbox_mode", in.Sandbox, from); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func addFile(all settings, in Input) error {
	file := filepath.Join(in.Home, "config.toml")
	data, found, err := readFile(file)
	if err != nil {
		return err
	}
	doc := document{file: file}
	if found {
		if doc, err = parse(file, data); err != nil {
			return err
		}
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

// refuse makes the package's one kind of error. An empty hint is no hint.
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
	return fmt.Sprintf("%q", policy.Redact(s))
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
